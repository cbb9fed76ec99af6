// The border: what may throw runs inside guard(), and comes out as a status and an error object.
#pragma once

#include <signsym/signsym.h>

#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/util/Exception.h>

#include <cerrno>
#include <string>

#include "base/error.h"
#include "base/process.h"
#include "callback.h"
#include "floating_point.h"
#include "handle.h"
#include "libtorch.h"

namespace signsym::capi {

struct ErrorObject {
  signsym_status status = SIGNSYM_OK;
  std::string message, field;
};
template <>
struct Handled<signsym_error> {
  using Object = ErrorObject;
  static constexpr HandleType type = HandleType::error;
};

// LibTorch writes its warnings to stderr; a library prints nothing.
struct NoWarnings : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

struct KeepErrno {
  const int number = errno;
  ~KeepErrno() { errno = number; }
};

// The modes of this thread as a training needs them, whatever the host has set; put back at the end.
struct Modes {
  OurFloatingPoint floating_point;
  c10::InferenceMode gradients{false};
  c10::impl::ExcludeDispatchKeyGuard no_autocast{c10::autocast_dispatch_keyset};
  NoWarnings no_warnings;
  c10::WarningUtils::WarningHandlerGuard warnings{&no_warnings};
};

// The exception that is being handled, as a status; *error gets its object.
signsym_status report_current_exception(signsym_error** error) noexcept;

template <typename Body>
void inside_library(Body&& body) {
  const InLibrary inside;
  inside.require();
  require_our_libtorch();
  const Modes modes;
  body();
}

template <typename Body>
signsym_status guard(signsym_error** error, Body&& body) noexcept {
  const KeepErrno keep_errno;
  try {
    inside_library(body);
    return SIGNSYM_OK;
  } catch (...) {
    return report_current_exception(error);
  }
}

// For a function that is given data with their destroy: body(data). It is called on every path, also where nothing may
// begin here.
template <typename Body>
signsym_status guard_owning(void* user_data, signsym_destroy_fn destroy, signsym_error** error, Body&& body) noexcept {
  const KeepErrno keep_errno;
  try {
    std::shared_ptr<void> data = own(user_data, destroy);
    inside_library([&] { body(std::move(data)); });
    return SIGNSYM_OK;
  } catch (...) {
    return report_current_exception(error);
  }
}

// The object of a handle; throws invalid_handle, naming the parameter.
template <typename Handle>
std::shared_ptr<typename Handled<Handle>::Object> get(const Handle* handle, const char* parameter) {
  auto object = find(handle);
  if (!object)
    throw Error(Status::invalid_handle,
                std::string(parameter) + (handle ? " is a handle that was freed, or of another type"
                                                 : " is NULL; a handle is expected"));
  return object;
}

// Ends a handle: what signsym_X_free does, for objects that hold more than memory. Where the process ends or was forked
// they stay as they are.
template <typename Handle>
void let_go(const Handle* handle) noexcept {
  const InLibrary inside;
  if (inside.may_free()) release(handle);
}

inline void require(const void* pointer, const char* parameter) {
  if (!pointer) throw Error(Status::invalid_argument, std::string(parameter) + " is NULL");
}

}  // namespace signsym::capi
