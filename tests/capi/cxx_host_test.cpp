// What only a host in C++ can do: throw, and use LibTorch in its own way.
#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>

#include <new>
#include <stdexcept>

#undef CHECK  // LibTorch's
#include "check.h"
#include "fixture.h"

namespace {

enum What { a_runtime_error, a_number, a_bad_alloc };

int throw_at_step_3(const signsym_event* event, void* what) {
  if (signsym_event_type(event) != SIGNSYM_EVENT_STEP || signsym_event_step(event) != 3) return 0;
  switch (*static_cast<What*>(what)) {
    case a_runtime_error: throw std::runtime_error("the window was closed");
    case a_number: throw 42;
    case a_bad_alloc: throw std::bad_alloc();
  }
  return 0;
}

int nothing(const signsym_event*, void*) { return 0; }

void destroy_and_throw(void* count) {
  ++*static_cast<int*>(count);
  throw std::runtime_error("no");
}

}  // namespace

TEST(What_a_callback_throws_stops_the_run_as_a_non_zero_return_does) {
  for (What what : {a_runtime_error, a_number, a_bad_alloc}) {
    signsym_trainer* trainer = tiny_trainer(nullptr);
    signsym_error* error = nullptr;
    CHECK_OK(signsym_trainer_on_event(trainer, throw_at_step_3, &what, nullptr, nullptr));
    CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, nullptr, &error));
    CHECK_HAS(what == a_runtime_error ? "threw an exception: the window was closed" : "threw an exception",
              signsym_error_message(error));
    signsym_error_free(error);
    CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
    check_trained_undisturbed(trainer);
    signsym_trainer_free(trainer);
  }
}

TEST(What_a_destroy_throws_is_dropped) {
  int count = 0;
  signsym_trainer* trainer = tiny_trainer(nullptr);
  CHECK_OK(signsym_trainer_on_event(trainer, nothing, &count, destroy_and_throw, nullptr));
  CHECK_OK(signsym_trainer_on_event(trainer, nothing, &count, destroy_and_throw, nullptr));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,
               signsym_trainer_on_event(trainer, nullptr, &count, destroy_and_throw, nullptr));
  signsym_trainer_free(trainer);
  CHECK(count == 3);
}

TEST(The_modes_of_LibTorch_that_a_host_has_set_change_nothing_and_stay_as_they_were) {
  signsym_trainer* trainer = nullptr;
  {
    const c10::InferenceMode inference;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    trainer = tiny_trainer(nullptr);
    CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
    CHECK(c10::InferenceMode::is_enabled());
    CHECK(at::autocast::is_autocast_enabled(at::kCPU));
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}
