// The config's handle.
#pragma once

#include <signsym/signsym.h>

#include "config/config.h"
#include "handle.h"

namespace signsym::capi {

template <>
struct Handled<signsym_config> {
  using Object = Config;
  static constexpr HandleType type = HandleType::config;
};

}  // namespace signsym::capi
