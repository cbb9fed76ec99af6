// Ctrl-C, SIGTERM and SIGHUP, taken by a thread of their own, in which ordinary code is allowed.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace driver {

// While it lives, the first signal is told to `on_first`, and the second ends the process at once. Before watch() the
// first one ends it too. To be made before any other thread, since threads inherit what is blocked here.
class Interrupts {
 public:
  explicit Interrupts(std::function<void(int signal)> on_first);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;

  // From here on there is something to save.
  void watch() { watching_ = true; }
  // The first signal that came; 0: none did.
  int signal() const { return signal_; }

 private:
  void wait();

  const std::function<void(int)> on_first_;
  sigset_t signals_, old_mask_;
  std::atomic<bool> watching_{false}, over_{false};
  std::atomic<int> signal_{0};
  std::thread thread_;
};

}  // namespace driver
