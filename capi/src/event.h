// The event's handle, alive for the time of a callback.
#pragma once

#include <signsym/signsym.h>

#include <string>

#include "handle.h"
#include "train/event.h"

namespace signsym::capi {

struct EventObject {
  const Event* event = nullptr;
  std::string json;  // made when it is asked for
};
template <>
struct Handled<signsym_event> {
  using Object = EventObject;
  static constexpr HandleType type = HandleType::event;
};

}  // namespace signsym::capi
