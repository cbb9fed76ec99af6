// A file of CIFAR-10.
#include "data/cifar10.h"
#include "fuzzer.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  write_scratch("data_batch_1.bin", bytes_of(data, size));
  read_or_refuse(scratch().string(), [&] {
    const auto set = open_cifar10(scratch(), Split::train);
    require(set->size() * 3073 == static_cast<int64_t>(size), "each record is a sample");
    for (int64_t i = 0; i < set->size(); ++i) {
      const Sample sample = set->sample(i, nullptr);
      require(sample.label == data[i * 3073], "a label is the record's");
      require(static_cast<const uint8_t*>(sample.pixels)[3071] == data[i * 3073 + 3072], "a picture is the record's");
    }
  });
  return 0;
}
