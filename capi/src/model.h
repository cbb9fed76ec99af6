// The model's handle. A trainer and any number of handles share one network.
#pragma once

#include <signsym/signsym.h>

#include "handle.h"
#include "train/network.h"

namespace signsym::capi {

template <>
struct Handled<signsym_model> {
  using Object = Network;
  static constexpr HandleType type = HandleType::model;
};

}  // namespace signsym::capi
