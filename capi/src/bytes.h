// Bytes out.
#pragma once

#include <signsym/signsym.h>

#include <string>

#include "handle.h"

namespace signsym::capi {

template <>
struct Handled<signsym_bytes> {
  using Object = std::string;
  static constexpr HandleType type = HandleType::bytes;
};

inline signsym_bytes* make_bytes(std::string bytes) {
  return adopt<signsym_bytes>(std::make_shared<std::string>(std::move(bytes)));
}

}  // namespace signsym::capi
