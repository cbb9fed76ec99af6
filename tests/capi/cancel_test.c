#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "fixture.h"

static signsym_cancel *new_cancel(void) {
  signsym_cancel *cancel = NULL;
  CHECK_OK(signsym_cancel_create(&cancel, NULL));
  return cancel;
}

struct run {
  signsym_cancel *cancel;
  int64_t at_step; /* when the callback acts */
  int64_t last_step;
  pthread_t thread;
};

static void *set_it(void *cancel) {
  signsym_cancel_set(cancel);
  return NULL;
}

static int cancel_in_thread(const signsym_event *event, void *user) {
  struct run *run = user;
  run->last_step = signsym_event_step(event);
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && run->last_step == run->at_step) {
    CHECK(pthread_create(&run->thread, NULL, set_it, run->cancel) == 0);
    CHECK(pthread_join(run->thread, NULL) == 0);
  }
  return 0;
}

TEST(Another_thread_cancels_a_run_after_its_step_and_the_next_run_goes_on) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  signsym_error *error = NULL;
  struct run run = {NULL, 3, 0, 0};
  run.cancel = new_cancel();
  CHECK_OK(signsym_trainer_on_event(trainer, cancel_in_thread, &run, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, run.cancel, &error));
  CHECK(run.last_step == 3);
  CHECK(signsym_error_status(error) == SIGNSYM_CANCELLED);
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, run.cancel, NULL)); /* still set: no further step */
  CHECK(run.last_step == 3);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(run.last_step == tiny_steps);
  check_trained_undisturbed(trainer);
  signsym_cancel_free(run.cancel);
  signsym_trainer_free(trainer);
}

static signsym_cancel *volatile interrupted;

static void on_signal(int number) {
  (void)number;
  signsym_cancel_set(interrupted);
}

static int interrupt(const signsym_event *event, void *user) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP) {
    ++*(int *)user;
    raise(SIGINT);
  }
  return 0;
}

TEST(A_signal_handler_cancels_a_run) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct sigaction action = {0}, before;
  int steps = 0;
  action.sa_handler = on_signal;
  interrupted = new_cancel();
  CHECK(sigaction(SIGINT, &action, &before) == 0);
  CHECK_OK(signsym_trainer_on_event(trainer, interrupt, &steps, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, interrupted, NULL));
  CHECK(steps == 1);
  CHECK(sigaction(SIGINT, &before, NULL) == 0);
  signsym_cancel_free(interrupted);
  signsym_trainer_free(trainer);
}

static int set_and_free(const signsym_event *event, void *user) {
  struct run *run = user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP) {
    run->last_step = signsym_event_step(event);
    signsym_cancel_set(run->cancel);
    signsym_cancel_free(run->cancel);
    signsym_cancel_free(new_cancel()); /* of another slot */
  }
  return 0;
}

struct source {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int calls, blocked, inside;
};

/* The first call waits until it may go on. */
static int slow_picture(int64_t index, void *sample, int64_t *label, void *user) {
  struct source *source = user;
  pthread_mutex_lock(&source->mutex);
  if (++source->calls == 1) {
    source->inside = 1;
    pthread_cond_broadcast(&source->changed);
    while (source->blocked) pthread_cond_wait(&source->changed, &source->mutex);
  }
  pthread_mutex_unlock(&source->mutex);
  memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
  *label = tiny_labels(0)[index];
  return 0;
}

struct canceller {
  struct source *source;
  signsym_cancel *cancel;
};

static void *cancel_inside(void *user) {
  struct canceller *canceller = user;
  pthread_mutex_lock(&canceller->source->mutex);
  while (!canceller->source->inside) pthread_cond_wait(&canceller->source->changed, &canceller->source->mutex);
  pthread_mutex_unlock(&canceller->source->mutex);
  nanosleep(&(struct timespec){0, 300000000}, NULL); /* until the run waits as well */
  signsym_cancel_set(canceller->cancel);
  return NULL;
}

TEST(A_run_that_waits_for_data_is_cancelled_at_once_and_the_next_run_goes_on) {
  const int64_t shape[] = {3, 32, 32};
  struct source source = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 1, 0};
  struct canceller canceller = {&source, new_cancel()};
  signsym_config *config = tiny_host_config();
  signsym_dataset *training = NULL, *held_out = host_dataset(1);
  signsym_trainer *trainer = NULL;
  pthread_t thread;
  CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 1, slow_picture,
                                                &source, NULL, &training, NULL));
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, held_out, &trainer, NULL));
  CHECK(pthread_create(&thread, NULL, cancel_inside, &canceller) == 0);
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, canceller.cancel, NULL));
  CHECK(pthread_join(thread, NULL) == 0);
  pthread_mutex_lock(&source.mutex);
  source.blocked = 0;
  pthread_cond_broadcast(&source.changed);
  pthread_mutex_unlock(&source.mutex);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_cancel_free(canceller.cancel);
  signsym_config_free(config);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
}

TEST(A_token_that_is_set_and_freed_during_a_run_still_cancels_it) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct run run = {NULL, 0, 0, 0};
  run.cancel = new_cancel();
  CHECK_OK(signsym_trainer_on_event(trainer, set_and_free, &run, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, run.cancel, NULL));
  CHECK(run.last_step == 1);
  CHECK(signsym_cancel_is_set(run.cancel) == 0);
  signsym_trainer_free(trainer);
}

TEST(One_token_cancels_any_number_of_runs) {
  signsym_trainer *a = tiny_trainer(NULL), *b = tiny_trainer(NULL);
  signsym_cancel *cancel = new_cancel();
  signsym_cancel_set(cancel);
  signsym_cancel_set(cancel);
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(a, cancel, NULL));
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(b, cancel, NULL));
  signsym_cancel_free(cancel);
  signsym_trainer_free(a);
  signsym_trainer_free(b);
}

TEST(The_65537th_live_token_is_an_error_and_a_freed_one_makes_room) {
  enum { most = 65536 };
  static signsym_cancel *live[most];
  signsym_cancel *more = NULL;
  signsym_error *error = NULL;
  for (int i = 0; i < most; ++i) live[i] = new_cancel();
  CHECK_STATUS(SIGNSYM_OUT_OF_MEMORY, signsym_cancel_create(&more, &error));
  CHECK_HAS("65536 cancel tokens", signsym_error_message(error));
  CHECK(more == NULL);
  signsym_error_free(error);
  signsym_cancel_set(live[7]);
  signsym_cancel_free(live[7]);
  more = new_cancel();
  CHECK(more != live[7]);
  CHECK(signsym_cancel_is_set(more) == 0);
  signsym_cancel_free(more);
  for (int i = 0; i < most; ++i) signsym_cancel_free(live[i]);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_cancel_create(NULL, NULL));
}
