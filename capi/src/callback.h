// What a host gives: functions, and data with its destroy.
#pragma once

#include <signsym/signsym.h>

#include <exception>
#include <memory>
#include <string>

#include "base/process.h"
#include "floating_point.h"

namespace signsym::capi {

// For the time of a call of a function of the host's.
struct HostCall {
  InHost out;
  HostFloatingPoint floating_point;
};

// `destroy` is called when the last owner has gone, or at once where this throws (no memory). What it throws is dropped.
inline std::shared_ptr<void> own(void* user_data, signsym_destroy_fn destroy) {
  return std::shared_ptr<void>(user_data, [destroy](void* data) {
    const HostCall call;
    try {
      if (destroy) destroy(data);
    } catch (...) {
    }
  });
}

// Calls the host. "" where it returned 0, else what it did: "returned 3", "threw an exception: no such file".
template <typename Call>
std::string failure_of(Call call) {
  try {
    const HostCall host;
    const int result = call();
    return result == 0 ? "" : "returned " + std::to_string(result);
  } catch (const std::exception& error) {
    return std::string("threw an exception: ") + error.what();
  } catch (...) {
    return "threw an exception";
  }
}

}  // namespace signsym::capi
