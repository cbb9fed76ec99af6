// What only a host in C++ can do: throw, and use LibTorch in its own way.
#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>

#include <cstring>
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

int throw_at_sample_9(int64_t index, void* sample, int64_t* label, void* what) {
  if (index != 9) {
    std::memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
    *label = tiny_labels(0)[index];
    return 0;
  }
  switch (*static_cast<What*>(what)) {
    case a_runtime_error: throw std::runtime_error("the disk was pulled out");
    case a_number: throw 42;
    case a_bad_alloc: throw std::bad_alloc();
  }
  return 0;
}

void count_and_throw(DLManagedTensorVersioned* tensor) {
  ++*static_cast<int*>(tensor->manager_ctx);
  throw std::runtime_error("no");
}

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

TEST(What_a_sample_callback_throws_stops_the_run_as_a_non_zero_return_does) {
  const int64_t shape[] = {3, 32, 32};
  for (What what : {a_runtime_error, a_number, a_bad_alloc})
    for (int32_t concurrent : {0, 1}) {
      signsym_config* config = tiny_host_config();
      signsym_dataset *training = nullptr, *held_out = host_dataset(1);
      signsym_trainer* trainer = nullptr;
      signsym_error* error = nullptr;
      CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, concurrent,
                                                    throw_at_sample_9, &what, nullptr, &training, nullptr));
      CHECK_OK(signsym_trainer_create_with(config, nullptr, training, held_out, &trainer, nullptr));
      CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, nullptr, &error));
      CHECK_HAS(what == a_runtime_error ? "threw an exception: the disk was pulled out" : "threw an exception",
                signsym_error_message(error));
      CHECK_HAS("sample 9", signsym_error_message(error));
      signsym_error_free(error);
      signsym_trainer_free(trainer);
      signsym_dataset_free(training);
      signsym_dataset_free(held_out);
      signsym_config_free(config);
    }
}

TEST(What_a_tensor_s_deleter_throws_is_dropped) {
  int64_t shape[] = {2, 3}, strides[] = {3, 1};
  float samples[6] = {};
  int64_t labels[2] = {0, 1};
  int count = 0;
  DLManagedTensorVersioned of_samples{
      {1, 0}, &count, count_and_throw, 0, {samples, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, strides, 0}};
  DLManagedTensorVersioned of_labels{
      {1, 0}, &count, count_and_throw, 0, {labels, {kDLCPU, 0}, 1, {kDLInt, 64, 1}, shape, nullptr, 0}};
  signsym_dataset* dataset = nullptr;
  CHECK_OK(signsym_dataset_create_from_memory(&of_samples, &of_labels, SIGNSYM_NCHW, 2, &dataset, nullptr));
  signsym_dataset_free(dataset);
  CHECK(count == 2);
  signsym_tensor_free(&of_samples);
  CHECK(count == 3);
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

  const int64_t shape[] = {3, 32, 32};
  signsym_dataset* dataset = nullptr;
  DLManagedTensorVersioned* tensor = nullptr;
  CHECK_OK(signsym_dataset_create_from_callback(9, 2, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 0, throw_at_sample_9, &count,
                                                destroy_and_throw, &dataset, nullptr));
  signsym_dataset_free(dataset);
  CHECK_OK(signsym_tensor_wrap(&count, SIGNSYM_I32, nullptr, nullptr, 0, &count, destroy_and_throw, &tensor, nullptr));
  signsym_tensor_free(tensor);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_tensor_wrap(nullptr, SIGNSYM_I32, nullptr, nullptr, 0, &count,
                                                             destroy_and_throw, &tensor, nullptr));
  CHECK(count == 6);
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
