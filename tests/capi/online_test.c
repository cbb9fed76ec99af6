/* Training that the application drives: its data, its steps, its learning rate, its checkpoints. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

static signsym_trainer *host_trainer(signsym_dataset *training, signsym_dataset *held_out) {
  signsym_config *config = tiny_host_config();
  signsym_trainer *trainer = NULL;
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, held_out, &trainer, NULL));
  signsym_config_free(config);
  return trainer;
}

static double step(signsym_trainer *trainer) {
  struct DLManagedTensorVersioned *samples = tiny_samples(1), *labels = tiny_targets(1);
  double loss = NAN;
  CHECK_OK(signsym_trainer_step(trainer, &samples->dl_tensor, &labels->dl_tensor, SIGNSYM_NCHW, &loss, NULL));
  signsym_tensor_free(samples);
  signsym_tensor_free(labels);
  return loss;
}

static char *metrics(const signsym_trainer *trainer) {
  signsym_bytes *bytes = NULL;
  char *text;
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_JSON, &bytes, NULL));
  text = malloc(signsym_bytes_size(bytes) + 1);
  memcpy(text, signsym_bytes_data(bytes), signsym_bytes_size(bytes) + 1);
  signsym_bytes_free(bytes);
  return text;
}

TEST(A_run_on_memory_of_the_application_gives_the_bits_of_a_run_on_files) {
  signsym_dataset *training = host_dataset(0), *held_out = host_dataset(1);
  signsym_trainer *trainer = host_trainer(training, held_out);
  signsym_dataset_free(training); /* the trainer keeps them */
  signsym_dataset_free(held_out);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}

static int give_picture(int64_t index, void *sample, int64_t *label, void *user) {
  ++*(int *)user;
  memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
  *label = tiny_labels(0)[index];
  return 0;
}

TEST(A_run_on_a_callback_gives_the_bits_of_a_run_on_files) {
  const int64_t shape[] = {3, 32, 32};
  signsym_dataset *training = NULL, *held_out = host_dataset(1);
  signsym_trainer *trainer;
  int calls = 0;
  CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 0, give_picture,
                                                &calls, NULL, &training, NULL));
  trainer = host_trainer(training, held_out);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(calls == tiny_epochs * tiny_training);
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
}

static int fail_at_40(int64_t index, void *sample, int64_t *label, void *user) {
  if (++*(int *)user == 40) return 7;
  memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
  *label = tiny_labels(0)[index];
  return 0;
}

static signsym_dataset *failing_dataset(int *calls) {
  const int64_t shape[] = {3, 32, 32};
  signsym_dataset *set = NULL;
  CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 0, fail_at_40,
                                                calls, NULL, &set, NULL));
  return set;
}

TEST(A_data_callback_that_fails_ends_the_run_after_the_last_whole_step_and_the_next_run_goes_on) {
  int calls = 0;
  signsym_dataset *training = failing_dataset(&calls), *held_out = host_dataset(1);
  signsym_trainer *trainer;
  signsym_error *error = NULL;
  char *json;
  trainer = host_trainer(training, held_out);
  CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, &error));
  CHECK_HAS("7", signsym_error_message(error));
  signsym_error_free(error);
  json = metrics(trainer);
  CHECK_HAS("\"step\": \"2\"", json);
  free(json);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
}

TEST(A_run_whose_data_callback_fails_leaves_a_checkpoint_of_its_last_whole_step) {
  int calls = 0;
  char *folder = scratch("failed-data"), *json;
  signsym_config *config = tiny_host_config();
  signsym_dataset *training = failing_dataset(&calls), *held_out = host_dataset(1);
  signsym_trainer *trainer = NULL;
  CHECK_OK(signsym_config_set(config, "output.folder", folder, NULL));
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, held_out, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, NULL));
  signsym_trainer_free(trainer);
  CHECK_OK(signsym_trainer_resume_with(folder, NULL, training, held_out, &trainer, NULL));
  json = metrics(trainer);
  CHECK_HAS("\"step\": \"2\"", json);
  free(json);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
  free(folder);
}

TEST(Data_that_do_not_fit_the_config_or_the_model_are_refused) {
  const int64_t gray[] = {1, 28, 28};
  signsym_config *host = tiny_host_config(), *files = tiny_config();
  signsym_dataset *training = host_dataset(0), *digits = NULL;
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  int calls = 0;
  CHECK_OK(signsym_dataset_create_from_callback(8, 10, gray, 3, SIGNSYM_U8, SIGNSYM_NCHW, 0, give_picture, &calls, NULL,
                                                &digits, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_trainer_create_with(host, NULL, digits, NULL, &trainer, &error));
  CHECK_HAS("1 × 28 × 28", signsym_error_message(error));
  signsym_error_free(error);
  error = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_create_with(files, NULL, training, NULL, &trainer, &error));
  CHECK_HAS("host", signsym_error_message(error));
  signsym_error_free(error);
  CHECK(trainer == NULL && calls == 0);
  signsym_dataset_free(training);
  signsym_dataset_free(digits);
  signsym_config_free(host);
  signsym_config_free(files);
}

TEST(Steps_on_batches_of_the_application_learn) {
  signsym_trainer *trainer = host_trainer(NULL, NULL);
  const double first = step(trainer);
  double last = first;
  char *json;
  for (int i = 0; i < 20; ++i) last = step(trainer);
  CHECK(last < 0.7 * first);
  json = metrics(trainer);
  CHECK_HAS("\"step\": \"21\"", json);
  free(json);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_run(trainer, NULL, NULL)); /* on what? */
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_evaluate(trainer, NULL, NULL, NULL, NULL, NULL));
  signsym_trainer_free(trainer);
}

TEST(A_batch_that_is_wrong_changes_nothing) {
  signsym_trainer *trainer = host_trainer(NULL, NULL), *other = host_trainer(NULL, NULL);
  struct DLManagedTensorVersioned *samples = tiny_samples(1), *few = NULL, *high = NULL, *labels = tiny_targets(1);
  int64_t wrong[tiny_held_out] = {0}, count = tiny_held_out, less = tiny_held_out - 1;
  char *before = scratch("online-before"), *after = scratch("online-after");
  signsym_error *error = NULL;
  wrong[3] = 10;
  CHECK_OK(signsym_tensor_wrap(wrong, SIGNSYM_I64, &count, NULL, 1, NULL, NULL, &high, NULL));
  CHECK_OK(signsym_tensor_wrap(wrong, SIGNSYM_I64, &less, NULL, 1, NULL, NULL, &few, NULL));
  step(trainer);
  CHECK_OK(save_weights(trainer, before, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_step(trainer, &samples->dl_tensor, &high->dl_tensor,
                                                              SIGNSYM_NCHW, NULL, &error));
  CHECK_HAS("10", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_step(trainer, &samples->dl_tensor, &few->dl_tensor,
                                                              SIGNSYM_NCHW, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_step(trainer, &samples->dl_tensor, &labels->dl_tensor, SIGNSYM_NHWC,
                                                      NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_step(trainer, NULL, &labels->dl_tensor, SIGNSYM_NCHW, NULL,
                                                              NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_step(trainer, &samples->dl_tensor, NULL, SIGNSYM_NCHW, NULL,
                                                              NULL));
  CHECK_OK(save_weights(trainer, after, NULL));
  CHECK(same_files(before, after));
  signsym_trainer_free(trainer);
  signsym_trainer_free(other);
  signsym_tensor_free(samples);
  signsym_tensor_free(labels);
  signsym_tensor_free(few);
  signsym_tensor_free(high);
  free(before), free(after);
}

TEST(A_step_that_diverges_leaves_the_model_as_it_was) {
  static float huge[2 * tiny_picture];
  const int64_t shape[] = {2, 3, 32, 32}, two = 2;
  int64_t targets[] = {0, 1};
  signsym_trainer *trainer = host_trainer(NULL, NULL);
  struct DLManagedTensorVersioned *samples = NULL, *labels = NULL;
  char *before = scratch("diverge-before"), *after = scratch("diverge-after");
  for (int i = 0; i < 2 * tiny_picture; ++i) huge[i] = INFINITY;
  CHECK_OK(signsym_tensor_wrap(huge, SIGNSYM_F32, shape, NULL, 4, NULL, NULL, &samples, NULL));
  CHECK_OK(signsym_tensor_wrap(targets, SIGNSYM_I64, &two, NULL, 1, NULL, NULL, &labels, NULL));
  CHECK_OK(save_weights(trainer, before, NULL));
  CHECK_STATUS(SIGNSYM_DIVERGED, signsym_trainer_step(trainer, &samples->dl_tensor, &labels->dl_tensor, SIGNSYM_NCHW,
                                                      NULL, NULL));
  CHECK_OK(save_weights(trainer, after, NULL));
  CHECK(same_files(before, after)); /* batch norm's statistics too */
  signsym_tensor_free(samples);
  signsym_tensor_free(labels);
  signsym_trainer_free(trainer);
  free(before), free(after);
}

static int pause_at_3(const signsym_event *event, void *user) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == 3) signsym_trainer_pause(user);
  return 0;
}

TEST(A_paused_run_goes_on_as_if_nothing_had_been) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  char *json;
  CHECK_OK(signsym_trainer_on_event(trainer, pause_at_3, trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(signsym_trainer_is_finished(trainer) == 0);
  json = metrics(trainer);
  CHECK_HAS("\"step\": \"3\"", json);
  free(json);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(signsym_trainer_is_finished(trainer) == 1);
  check_trained_undisturbed(trainer);
  signsym_trainer_pause(trainer); /* no run: does nothing */
  signsym_trainer_pause(NULL);
  signsym_trainer_free(trainer);
}

TEST(A_run_in_pieces_of_steps_and_epochs_is_a_run) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_run_for(trainer, 0, 1, NULL, NULL));
  CHECK_OK(signsym_trainer_run_for(trainer, 1, 0, NULL, NULL)); /* the rest of the first epoch */
  CHECK_OK(signsym_trainer_run_for(trainer, 5, 2, NULL, NULL));
  CHECK(!signsym_trainer_is_finished(trainer));
  CHECK_OK(signsym_trainer_run_for(trainer, 0, 2, NULL, NULL));
  CHECK(signsym_trainer_is_finished(trainer));
  check_trained_undisturbed(trainer);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_run_for(trainer, -1, 0, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_run_for(trainer, 0, INT64_MIN, NULL, NULL));
  signsym_trainer_free(trainer);
}

TEST(A_limit_beyond_all_numbers_is_no_limit) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_run_for(trainer, 1, 0, NULL, NULL));
  CHECK_OK(signsym_trainer_run_for(trainer, INT64_MAX, INT64_MAX, NULL, NULL));
  CHECK(signsym_trainer_is_finished(trainer));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}

TEST(A_checkpoint_as_bytes_goes_into_another_trainer_which_goes_on_bit_for_bit) {
  signsym_trainer *first = tiny_trainer(NULL), *second = tiny_trainer(NULL);
  signsym_bytes *bytes = NULL, *again = NULL;
  CHECK_OK(signsym_trainer_run_for(first, 0, 3, NULL, NULL));
  CHECK_OK(signsym_trainer_checkpoint(first, &bytes, NULL));
  CHECK_OK(signsym_trainer_restore(second, signsym_bytes_data(bytes), signsym_bytes_size(bytes), NULL, NULL));
  CHECK_OK(signsym_trainer_checkpoint(second, &again, NULL));
  CHECK(signsym_bytes_size(again) == signsym_bytes_size(bytes));
  CHECK(memcmp(signsym_bytes_data(again), signsym_bytes_data(bytes), signsym_bytes_size(bytes)) == 0);
  CHECK_OK(signsym_trainer_run(second, NULL, NULL));
  check_trained_undisturbed(second);
  signsym_bytes_free(bytes);
  signsym_bytes_free(again);
  signsym_trainer_free(first);
  signsym_trainer_free(second);
}

TEST(A_checkpoint_that_is_damaged_or_of_another_config_changes_nothing) {
  signsym_trainer *trainer = tiny_trainer(NULL), *other = NULL;
  signsym_config *config = tiny_config();
  signsym_bytes *bytes = NULL;
  signsym_error *error = NULL;
  char *data;
  uint64_t size;
  CHECK_OK(signsym_trainer_run_for(trainer, 0, 2, NULL, NULL));
  CHECK_OK(signsym_trainer_checkpoint(trainer, &bytes, NULL));
  size = signsym_bytes_size(bytes);
  data = malloc(size);
  memcpy(data, signsym_bytes_data(bytes), size);
  for (int i = 0; i < 100; ++i) { /* a bit at a hundred places */
    const uint64_t place = size * (uint64_t)i / 100;
    data[place] ^= 1;
    CHECK_STATUS(SIGNSYM_BAD_DATA, signsym_trainer_restore(trainer, data, size, "backup", &error));
    CHECK_HAS("backup", signsym_error_message(error));
    signsym_error_free(error);
    data[place] ^= 1;
  }
  CHECK_STATUS(SIGNSYM_BAD_DATA, signsym_trainer_restore(trainer, data, 0, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_restore(trainer, data, UINT64_MAX, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_restore(trainer, NULL, size, NULL, NULL));
  CHECK_OK(signsym_config_set(config, "seed", "2", NULL));
  CHECK_OK(signsym_trainer_create(config, &other, NULL));
  CHECK_STATUS(SIGNSYM_MISMATCH, signsym_trainer_restore(other, signsym_bytes_data(bytes), size, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  free(data);
  signsym_bytes_free(bytes);
  signsym_config_free(config);
  signsym_trainer_free(trainer);
  signsym_trainer_free(other);
}

static int halve_at_4(const signsym_event *event, void *user) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == 4)
    CHECK_OK(signsym_trainer_set_learning_rate(user, 0.025, NULL));
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) > 4)
    CHECK(signsym_event_learning_rate(event) == 0.025);
  return 0;
}

TEST(A_learning_rate_that_was_set_holds_from_the_next_step_on_and_is_in_checkpoints) {
  signsym_trainer *trainer = tiny_trainer(NULL), *second = tiny_trainer(NULL);
  signsym_bytes *bytes = NULL;
  CHECK(signsym_trainer_learning_rate(trainer) == 0.05);
  CHECK_OK(signsym_trainer_on_event(trainer, halve_at_4, trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_run_for(trainer, 0, 6, NULL, NULL));
  CHECK(signsym_trainer_learning_rate(trainer) == 0.025);
  CHECK_OK(signsym_trainer_checkpoint(trainer, &bytes, NULL));
  CHECK_OK(signsym_trainer_restore(second, signsym_bytes_data(bytes), signsym_bytes_size(bytes), NULL, NULL));
  CHECK(signsym_trainer_learning_rate(second) == 0.025);
  CHECK_OK(signsym_trainer_set_learning_rate(second, NAN, NULL));
  CHECK(signsym_trainer_learning_rate(second) == 0.05);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_set_learning_rate(second, 0, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_set_learning_rate(second, -1, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_set_learning_rate(second, INFINITY, NULL));
  CHECK(isnan(signsym_trainer_learning_rate(NULL)));
  signsym_bytes_free(bytes);
  signsym_trainer_free(trainer);
  signsym_trainer_free(second);
}

struct counts {
  int of[SIGNSYM_EVENT_END + 1];
};

static int count_kinds(const signsym_event *event, void *user) {
  ++((struct counts *)user)->of[signsym_event_type(event)];
  return 0;
}

TEST(Step_events_can_be_limited_and_the_others_are_always_told) {
  struct counts counts = {{0}};
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_on_event(trainer, count_kinds, &counts, NULL, NULL));
  CHECK_OK(signsym_trainer_limit_events(trainer, 1e-6, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(counts.of[SIGNSYM_EVENT_STEP] == 1);
  CHECK(counts.of[SIGNSYM_EVENT_START] == 1 && counts.of[SIGNSYM_EVENT_EPOCH] == tiny_epochs);
  CHECK(counts.of[SIGNSYM_EVENT_EVALUATION] == tiny_epochs + 1 && counts.of[SIGNSYM_EVENT_END] == 1);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_limit_events(trainer, -1, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_limit_events(trainer, NAN, NULL));
  signsym_trainer_free(trainer);
}

static int read_metrics(const signsym_event *event, void *user) {
  char *json = metrics(user);
  char expected[64];
  snprintf(expected, sizeof expected, "\"step\": \"%lld\"", (long long)signsym_event_step(event));
  CHECK_HAS(expected, json);
  free(json);
  return 0;
}

TEST(Metrics_can_be_read_at_any_time_and_in_every_form) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  signsym_bytes *bytes = NULL;
  char *json;
  CHECK_OK(signsym_trainer_on_event(trainer, read_metrics, trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  json = metrics(trainer);
  CHECK_HAS("\"finished\": true", json);
  CHECK_HAS("\"top1\":", json);
  free(json);
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_TEXT, &bytes, NULL));
  CHECK_HAS("epoch: 2", signsym_bytes_data(bytes));
  signsym_bytes_free(bytes);
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_BINARY, &bytes, NULL));
  CHECK(signsym_bytes_size(bytes) > 0);
  signsym_bytes_free(bytes);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_metrics(trainer, 9, &bytes, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_metrics(trainer, SIGNSYM_JSON, NULL, NULL));
  signsym_trainer_free(trainer);
}
