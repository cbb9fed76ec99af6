// MNIST's two files, IDX: the input is the size of that of the pictures in two bytes, the lower first, then both.
#include <algorithm>

#include "data/mnist.h"
#include "fuzzer.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view both = bytes_of(data + 2, size - 2);
  const size_t pictures = std::min<size_t>(both.size(), data[0] | data[1] << 8);
  write_scratch("train-images-idx3-ubyte", both.substr(0, pictures));
  write_scratch("train-labels-idx1-ubyte", both.substr(pictures));
  read_or_refuse(scratch().string(), [&] {
    const auto set = open_mnist(scratch(), Split::train);
    require(set->size() > 0 && set->shape().size() > 0, "a set has samples");
    for (int64_t i = 0; i < set->size(); ++i) {
      const Sample sample = set->sample(i, nullptr);
      require(sample.label >= 0 && sample.label < set->classes(), "a label is of a class");
      const auto* last = static_cast<const uint8_t*>(sample.pixels) + set->shape().size() - 1;
      require(*last <= 255, "a sample is there whole");
    }
  });
  return 0;
}
