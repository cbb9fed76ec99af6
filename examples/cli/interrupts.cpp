#include "interrupts.h"

#include <unistd.h>

#include <utility>

namespace driver {

namespace {

// nohup and a shell's background jobs have some signals ignored: they stay so.
bool is_ignored(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

Interrupts::Interrupts(std::function<void(int signal)> on_first) : on_first_(std::move(on_first)) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);  // always: it also ends the thread
  for (int signal : {SIGINT, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&signals_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, &old_mask_);
  thread_ = std::thread([this] { wait(); });
}

Interrupts::~Interrupts() {
  over_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void Interrupts::wait() {
  for (int signal = 0; sigwait(&signals_, &signal) == 0;) {
    if (over_) return;
    if (signal_ != 0 || !watching_) {
      if (isatty(STDOUT_FILENO) && write(STDOUT_FILENO, "\n", 1) < 0) {}  // the shell's prompt on a line of its own
      _exit(128 + signal);
    }
    signal_ = signal;
    on_first_(signal);
  }
}

}  // namespace driver
