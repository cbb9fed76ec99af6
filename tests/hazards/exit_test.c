/* exit() at every time: it neither crashes nor hangs, and the host's own handlers run to the end. */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "child.h"
#include "fixture.h"

/* marks[0]: the host's oldest handler was reached, after all that the library does at exit. */
static void reach_the_end(void) { marks[0] = 1; }

static void exit_during_a_run(void) {
  static const char *const settings[] = {"feedback.rule", "BACKPROP", NULL};
  atexit(reach_the_end);
  start_run(NULL, settings);
  exit(7);
}

static void exit_during_a_run_on_two_threads(void) {
  static const char *const settings[] = {"compute.threads", "2", "data.loader_threads", "2", NULL};
  atexit(reach_the_end);
  start_run(NULL, settings);
  exit(7);
}

TEST(A_process_exits_while_a_run_goes_on_in_another_thread) {
  for (int times = 0; times < 6; ++times) {
    CHECK(ended(exit_during_a_run) == 7); /* a machine that is too busy may take more than the ten seconds */
    CHECK(ended(exit_during_a_run_on_two_threads) == 7);
  }
}

static void exit_during_three_calls(void) {
  static const char *const settings[] = {"train.max_steps", "1000000", NULL};
  signsym_trainer *trainers[2];
  signsym_model *model = NULL;
  struct DLManagedTensorVersioned *logits = NULL, *samples = tiny_samples(1);
  atexit(reach_the_end);
  trainers[0] = start_run(NULL, settings);
  trainers[1] = start_run(NULL, settings);
  CHECK_OK(signsym_trainer_model(trainers[0], &model, NULL));
  CHECK_OK(signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, 0, &logits, NULL));
  exit(7);
}

TEST(A_process_exits_while_several_runs_go_on) {
  for (int times = 0; times < 5; ++times) CHECK(ended(exit_during_three_calls) == 7);
}

static void never_free(void) {
  static const char *const settings[] = {"data.loader_threads", "2", NULL};
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  atexit(reach_the_end);
  CHECK_OK(signsym_config_set(config, settings[0], settings[1], NULL));
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
}

TEST(A_process_exits_with_handles_that_were_never_freed) { CHECK(ended(never_free) == 0 && marks[0]); }

static int exit_at_step_5(const signsym_event *event, void *user) {
  (void)user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == 5) exit(7);
  return 0;
}

static void exit_in_event_callback(void) {
  atexit(reach_the_end);
  start_run(exit_at_step_5, NULL);
  for (;;) pause();
}

static signsym_trainer *kept;
static void free_kept(void) { signsym_trainer_free(kept); }

static int exit_at_sample(int64_t index, void *sample, int64_t *label, void *user) {
  (void)user;
  memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
  *label = tiny_labels(0)[index];
  if (index == 33) exit(7);
  return 0;
}

static void exit_in_sample_callback(int concurrent) {
  const int64_t shape[] = {3, 32, 32};
  signsym_config *config = tiny_host_config();
  signsym_dataset *training = NULL, *held_out = host_dataset(1);
  atexit(reach_the_end);
  atexit(free_kept);
  CHECK_OK(signsym_config_set(config, "data.loader_threads", "2", NULL));
  CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, concurrent,
                                                exit_at_sample, NULL, NULL, &training, NULL));
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, held_out, &kept, NULL));
  signsym_trainer_run(kept, NULL, NULL);
  for (;;) pause();
}

static void exit_in_sample_callback_of_the_run(void) { exit_in_sample_callback(0); }
static void exit_in_sample_callback_of_a_loader(void) { exit_in_sample_callback(1); }

static void free_and_exit(void *user) {
  (void)user;
  exit(7);
}

static void exit_in_destroy(void) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  atexit(reach_the_end);
  CHECK_OK(signsym_trainer_on_event(trainer, exit_at_step_5, NULL, free_and_exit, NULL));
  signsym_trainer_free(trainer);
}

TEST(A_callback_of_any_kind_may_exit) {
  CHECK(ended(exit_in_event_callback) == 7 && marks[0]);
  CHECK(ended(exit_in_sample_callback_of_the_run) == 7 && marks[0]);
  CHECK(ended(exit_in_sample_callback_of_a_loader) == 7 && marks[0]);
  CHECK(ended(exit_in_destroy) == 7 && marks[0]);
}

static sem_t in_callback;

static int never_return(const signsym_event *event, void *user) {
  (void)user;
  if (signsym_event_type(event) != SIGNSYM_EVENT_STEP || signsym_event_step(event) < 4) return 0;
  sem_post(&in_callback);
  for (;;) pause();
}

static void exit_while_a_callback_blocks(void) {
  sem_init(&in_callback, 0, 0);
  atexit(reach_the_end);
  start_run(never_return, NULL);
  sem_wait(&in_callback);
  exit(7);
}

TEST(Exit_does_not_wait_for_a_callback_that_never_returns) {
  CHECK(ended(exit_while_a_callback_blocks) == 7 && marks[0]);
}

static const char *pipe_path;

static void *read_pipe(void *unused) {
  signsym_config *config = NULL;
  (void)unused;
  marks[1] = 1;
  signsym_config_create_from_file(pipe_path, &config, NULL); /* for ever: nobody writes */
  return NULL;
}

static void exit_while_a_thread_is_stuck(void) {
  pthread_t thread;
  atexit(reach_the_end);
  signsym_config_free(tiny_config());
  CHECK(pthread_create(&thread, NULL, read_pipe, NULL) == 0);
  while (!marks[1]) usleep(1000);
  usleep(100000);
  exit(7);
}

TEST(A_thread_that_is_stuck_in_the_library_holds_exit_up_for_ten_seconds_and_the_status_is_that_of_exit) {
  char *path = scratch("pipe");
  pipe_path = path;
  CHECK(mkfifo(path, 0600) == 0);
  CHECK(ended(exit_while_a_thread_is_stuck) == 7 && !marks[0]);
  free(path);
}

static int return_late(const signsym_event *event, void *user) {
  (void)user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) >= 4) {
    sem_post(&in_callback);
    while (!marks[1]) usleep(1000);
  }
  return 0;
}

static void let_it_return(void) {
  marks[1] = 1;
  usleep(200000);
}

static void exit_before_a_callback_returns(void) {
  sem_init(&in_callback, 0, 0);
  atexit(let_it_return);
  start_run(return_late, NULL);
  sem_wait(&in_callback);
  exit(7);
}

TEST(A_callback_that_returns_when_exit_has_gone_on_never_comes_back_into_the_library) {
  CHECK(ended(exit_before_a_callback_returns) == 7 && marks[1] && !marks[run_returned]);
}

static int hear_the_end(const signsym_event *event, void *user) {
  (void)user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_END) marks[1] = 1;
  return 0;
}

static void exit_and_listen(void) {
  start_run(hear_the_end, NULL);
  exit(7);
}

TEST(The_host_is_told_no_event_once_exit_has_begun) { CHECK(ended(exit_and_listen) == 7 && !marks[1]); }

static void try_to_begin(void) {
  signsym_config *config = NULL;
  signsym_error *error = NULL;
  marks[1] = signsym_config_create("", 0, SIGNSYM_TEXT, NULL, &config, &error);
  marks[2] = strstr(signsym_error_message(error), "exit()") != NULL;
  signsym_error_free(error);
}

static void call_after_exit(void) {
  atexit(try_to_begin); /* older than the library's first use: LibTorch may be gone when it is called */
  start_run(NULL, NULL);
  exit(7);
}

TEST(A_call_that_begins_after_exit_is_refused_in_words) {
  CHECK(ended(call_after_exit) == 7);
  CHECK(marks[1] == SIGNSYM_UNSUPPORTED && marks[2]);
}

static void count_destroy(void *user) {
  (void)user;
  ++marks[1];
}
static int nothing(const signsym_event *event, void *user) {
  (void)event, (void)user;
  return 0;
}

static void free_at_exit(void) {
  atexit(free_kept);
  kept = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_on_event(kept, nothing, NULL, count_destroy, NULL));
  CHECK_OK(signsym_trainer_run(kept, NULL, NULL));
  start_run(NULL, NULL);
  exit(7);
}

TEST(What_the_host_frees_at_exit_is_destroyed_once) { CHECK(ended(free_at_exit) == 7 && marks[1] == 1); }

static const char *run_folder;

static void exit_in_a_run_with_a_folder(void) {
  char value[1024];
  const char *settings[] = {"output.folder", value, NULL};
  snprintf(value, sizeof value, "\"%s\"", run_folder);
  start_run(NULL, settings);
  exit(7);
}

TEST(A_run_that_exit_ends_leaves_the_checkpoint_of_its_last_step) {
  char *folder = scratch("run"), *expected = scratch("expected"), *found = scratch("found");
  char again[1024];
  signsym_trainer *resumed = NULL, *undisturbed = NULL;
  signsym_config *config = NULL;
  run_folder = folder;
  CHECK(ended(exit_in_a_run_with_a_folder) == 7);
  CHECK_OK(signsym_trainer_resume(folder, NULL, &resumed, NULL));
  CHECK(steps_of(resumed) >= 3);
  CHECK_OK(signsym_trainer_config(resumed, &config, NULL));
  snprintf(again, sizeof again, "\"%s-again\"", folder);
  CHECK_OK(signsym_config_set(config, "output.folder", again, NULL));
  CHECK_OK(signsym_trainer_create(config, &undisturbed, NULL));
  CHECK_OK(signsym_trainer_run_for(undisturbed, 0, steps_of(resumed), NULL, NULL));
  CHECK_OK(save_weights(undisturbed, expected, NULL));
  CHECK_OK(save_weights(resumed, found, NULL));
  CHECK(same_files(expected, found));
  signsym_trainer_free(resumed);
  signsym_trainer_free(undisturbed);
  signsym_config_free(config);
  free(folder);
  free(expected);
  free(found);
}
