// What the targets for the parsers share. Each defines LLVMFuzzerTestOneInput: any bytes come to a result or to an Error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// What must hold whatever the input is.
inline void require(bool so, const char* what) {
  if (so) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

inline std::string_view bytes_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// True if it was read. An error must name its source, and be none of the library itself; any other exception ends all.
inline bool read_or_refuse(const std::string& source, const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const signsym::Error& error) {
    require(error.status() != signsym::Status::ok && error.status() != signsym::Status::internal, "the status says why");
    require(std::string_view(error.what()).find(source) != std::string_view::npos, "the error names its source");
    return false;
  }
}

// A folder of this process, which is removed at its end.
const std::filesystem::path& scratch();
void write_scratch(const std::string& name, std::string_view bytes);
