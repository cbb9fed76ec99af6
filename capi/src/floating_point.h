// Rounding, denormals and traps of floating point are a thread's. The host's are put aside while it is in the library,
// and hold in its callbacks. LibTorch's own threads have those of the thread that starts them.
#pragma once

#include <cfenv>

namespace signsym::capi {

class OurFloatingPoint {
 public:
  OurFloatingPoint() : outer_(innermost) {
    std::fegetenv(&host);
    std::fesetenv(FE_DFL_ENV);
    innermost = this;
  }
  ~OurFloatingPoint() {
    innermost = outer_;
    std::fesetenv(&host);
  }
  OurFloatingPoint(const OurFloatingPoint&) = delete;

  std::fenv_t host;
  static inline thread_local OurFloatingPoint* innermost = nullptr;  // nullptr: the thread is not the host's

 private:
  OurFloatingPoint* outer_;
};

class HostFloatingPoint {
 public:
  HostFloatingPoint() : call_(OurFloatingPoint::innermost) {
    if (!call_) return;
    std::fegetenv(&ours_);
    std::fesetenv(&call_->host);
  }
  ~HostFloatingPoint() {
    if (!call_) return;
    std::fegetenv(&call_->host);  // the callback may have set others
    std::fesetenv(&ours_);
  }
  HostFloatingPoint(const HostFloatingPoint&) = delete;

 private:
  OurFloatingPoint* call_;
  std::fenv_t ours_;
};

}  // namespace signsym::capi
