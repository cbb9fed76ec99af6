// A safetensors file. What was read is written and read back, and is the same.
#include "base/safetensors.h"

#include <cstring>

#include "fuzzer.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Safetensors file;
  if (!read_or_refuse("source", [&] { file = Safetensors::parse(std::string(bytes_of(data, size)), "source"); })) return 0;
  const Safetensors again = Safetensors::parse(encode_safetensors(file.tensors(), file.metadata()), "again");
  require(again.metadata() == file.metadata(), "metadata are read back");
  require(again.tensors().size() == file.tensors().size(), "tensors are read back");
  for (size_t i = 0; i < file.tensors().size(); ++i) {
    const TensorView &a = file.tensors()[i], &b = again.tensors()[i];
    require(a.name == b.name && a.type == b.type && a.shape == b.shape, "a tensor is read back");
    require(a.bytes() == 0 || std::memcmp(a.data, b.data, static_cast<size_t>(a.bytes())) == 0, "data are read back");
    require(file.find(a.name) == &a, "a tensor is found by its name");
  }
  return 0;
}
