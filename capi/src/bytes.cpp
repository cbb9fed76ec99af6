#include "bytes.h"

using namespace signsym::capi;

extern "C" {

const char* signsym_bytes_data(const signsym_bytes* bytes) {
  const auto object = find(bytes);
  return object ? object->c_str() : nullptr;
}

uint64_t signsym_bytes_size(const signsym_bytes* bytes) {
  const auto object = find(bytes);
  return object ? object->size() : 0;
}

void signsym_bytes_free(signsym_bytes* bytes) { release(bytes); }

}  // extern "C"
