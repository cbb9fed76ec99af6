// Rounding, denormals and traps of floating point are a thread's. The host's are put aside while it is in the library,
// and hold in its callbacks. LibTorch's own threads have those of the thread that starts them.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace signsym::capi {

#if defined(__x86_64__)

// <cfenv> saves all of the x87 unit, which takes as long as a small call.
class FloatingPoint {
 public:
  static FloatingPoint current() {
    FloatingPoint now;
    now.sse_ = _mm_getcsr();
    asm volatile("fnstcw %0" : "=m"(now.x87_));
    return now;
  }
  static void set_usual() { FloatingPoint().set(); }
  bool is_usual() const { return (sse_ & ~flags) == 0x1f80 && x87_ == 0x037f; }
  void set() const {
    _mm_setcsr(sse_);
    if ((x87_ & flags) != flags) asm volatile("fnclex");  // else what happened before would trap now
    asm volatile("fldcw %0" : : "m"(x87_));
  }

 private:
  static constexpr unsigned flags = 0x3f;  // of exceptions: that happened (SSE), that do not trap (x87)
  unsigned sse_ = 0x1f80;
  unsigned short x87_ = 0x037f;
};

#else

class FloatingPoint {
 public:
  static FloatingPoint current() {
    FloatingPoint now;
    std::fegetenv(&now.modes_);
    return now;
  }
  static void set_usual() { std::fesetenv(FE_DFL_ENV); }
  bool is_usual() const { return false; }  // a comparison would cost as much
  void set() const { std::fesetenv(&modes_); }

 private:
  std::fenv_t modes_;
};

#endif

class OurFloatingPoint {
 public:
  OurFloatingPoint() : outer_(innermost) {
    enter();
    innermost = this;
  }
  ~OurFloatingPoint() {
    innermost = outer_;
    leave();
  }
  OurFloatingPoint(const OurFloatingPoint&) = delete;

  void enter() {
    inside_ = true;
    host_ = FloatingPoint::current();
    if (!host_.is_usual()) FloatingPoint::set_usual();
  }
  void leave() {
    inside_ = false;
    if (!host_.is_usual()) host_.set();
  }

  bool inside() const { return inside_; }

  static inline thread_local OurFloatingPoint* innermost = nullptr;  // nullptr: the thread is not the host's

 private:
  OurFloatingPoint* outer_;
  FloatingPoint host_;
  bool inside_ = false;  // not in a callback
};

// For the time of a callback; what it sets itself stays the host's. In a callback, where a destroy may be called outside of
// any call of ours, the modes are the host's already.
class HostFloatingPoint {
 public:
  HostFloatingPoint() : call_(OurFloatingPoint::innermost) {
    if (call_ && !call_->inside()) call_ = nullptr;
    if (call_) call_->leave();
  }
  ~HostFloatingPoint() {
    if (call_) call_->enter();
  }
  HostFloatingPoint(const HostFloatingPoint&) = delete;

 private:
  OurFloatingPoint* call_;
};

}  // namespace signsym::capi
