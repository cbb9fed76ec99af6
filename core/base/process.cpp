#include "base/process.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.h"

namespace signsym {
namespace {

enum class Life { whole, ending, over };  // over: the threads inside have come back, destructors may run

constexpr std::chrono::seconds longest_wait{10};

// Constants at the start and trivial at the end: usable before and after all others.
std::atomic<Life> life{Life::whole};
std::atomic<bool> is_forked_child{false};
std::atomic<int> inside{0};        // threads
std::atomic<uint64_t> entries{0};  // calls of keep_first
pthread_t exiting_thread;          // once life is not whole
thread_local bool this_thread_inside = false;

bool this_thread_exits() noexcept { return pthread_equal(pthread_self(), exiting_thread); }

void wait_for_threads(int status, void*) {
  if (is_forked_child || life != Life::whole) return;
  exiting_thread = pthread_self();
  life = Life::ending;
  const int own = this_thread_inside ? 1 : 0;  // a signal handler or a destructor in the midst of a call exits
  const auto deadline = std::chrono::steady_clock::now() + longest_wait;
  do {
    life = Life::ending;
    while (inside > own) {
      if (std::chrono::steady_clock::now() > deadline) _exit(status);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    life = Life::over;
  } while (inside > own);  // one came back from the host at the last moment
}

// exit() goes from the newest handler to the oldest, and LibTorch makes some of its statics as it works. So the handler
// is registered anew at the 1st, 2nd, 4th, 8th … of these calls: before nearly all of them, and 64 times at most.
void keep_first() noexcept {
  const uint64_t count = ++entries;
  if ((count & (count - 1)) != 0) return;
  keep_exit_first();
  if (count == 1) pthread_atfork(nullptr, nullptr, [] { is_forked_child = true; });
}

}  // namespace

void keep_exit_first() noexcept { on_exit(wait_for_threads, nullptr); }

bool exiting() noexcept { return life != Life::whole; }

bool forked() noexcept { return is_forked_child; }

void check_process() {
  if (forked())
    throw Error(Status::unsupported, "this process was made by fork() from one that had used the library, whose "
                                     "threads are not here: fork before the first use, or call exec after fork");
  if (exiting()) throw Error(Status::cancelled, "the process ends: exit() was called");
  keep_first();
}

InLibrary::InLibrary() noexcept : outermost_(!this_thread_inside) {
  if (!outermost_) return;
  this_thread_inside = true;
  ++inside;
  if (!exiting() && !forked()) keep_first();
}

InLibrary::~InLibrary() {
  if (!outermost_) return;
  this_thread_inside = false;
  --inside;
}

void InLibrary::require() const {
  if (!forked() && exiting())
    throw Error(Status::unsupported, "the process ends: exit() was called, and nothing new can begin; train, save and "
                                     "load before it");
  check_process();
}

bool InLibrary::may_free() const noexcept { return !forked() && (life != Life::over || this_thread_exits()); }

InHost::InHost() noexcept : was_inside_(this_thread_inside) {
  if (!was_inside_) return;
  this_thread_inside = false;
  --inside;
}

InHost::~InHost() {
  if (!was_inside_) return;
  ++inside;
  if (life == Life::over && !this_thread_exits()) {
    --inside;
    for (;;) pause();
  }
  this_thread_inside = true;
  keep_first();
}

}  // namespace signsym
