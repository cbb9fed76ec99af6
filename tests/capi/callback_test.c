#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "fixture.h"

struct host {
  signsym_trainer *trainer;
  signsym_event_kind at; /* the kind of event at which the callback acts */
  int events, destroyed, destroyed_before;
  pthread_t thread;
};

static void destroy(void *user) { ++((struct host *)user)->destroyed; }

static int count(const signsym_event *event, void *user) {
  (void)event;
  ++((struct host *)user)->events;
  return 0;
}

static void listen(signsym_trainer *trainer, signsym_event_fn function, struct host *host) {
  host->trainer = trainer;
  CHECK_OK(signsym_trainer_on_event(trainer, function, host, destroy, NULL));
  CHECK(host->destroyed == 0);
}

TEST(Destroy_is_called_once_when_a_callback_is_replaced_and_when_the_trainer_is_freed) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct host first = {0}, second = {0};
  listen(trainer, count, &first);
  listen(trainer, count, &second);
  CHECK(first.destroyed == 1);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(first.events == 0 && second.events > 0);
  CHECK(second.destroyed == 0);
  signsym_trainer_free(trainer);
  signsym_trainer_free(trainer);
  CHECK(first.destroyed == 1 && second.destroyed == 1);
}

TEST(Destroy_is_called_at_once_when_on_event_fails_and_the_old_callback_stays) {
  signsym_trainer *trainer = tiny_trainer(NULL), *freed = tiny_trainer(NULL);
  struct host kept = {0}, refused = {0};
  signsym_trainer_free(freed);
  listen(trainer, count, &kept);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_on_event(trainer, NULL, &refused, destroy, NULL));
  CHECK(refused.destroyed == 1);
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_on_event(NULL, count, &refused, destroy, NULL));
  CHECK(refused.destroyed == 2);
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_on_event(freed, count, &refused, destroy, NULL));
  CHECK(refused.destroyed == 3);
  CHECK(kept.destroyed == 0);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(kept.events > 0);
  signsym_trainer_free(trainer);
  CHECK(kept.destroyed == 1);
}

static int destroyed_null;
static void destroy_null(void *user) { destroyed_null += user == NULL; }

TEST(User_data_may_be_NULL_and_destroy_is_still_called) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_on_event(trainer, count, NULL, destroy_null, NULL));
  signsym_trainer_free(trainer);
  CHECK(destroyed_null == 1);
}

static int free_own_trainer(const signsym_event *event, void *user) {
  struct host *host = user;
  ++host->events;
  if (signsym_event_type(event) == host->at) {
    signsym_trainer_free(host->trainer);
    host->destroyed_before += host->destroyed;
    CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_run(host->trainer, NULL, NULL));
    CHECK(signsym_event_type(event) == host->at); /* the event lives on */
  }
  return 0;
}

TEST(A_trainer_freed_in_its_callback_is_cancelled_and_destroyed_when_the_run_returns) {
  static const signsym_event_kind kinds[] = {SIGNSYM_EVENT_START, SIGNSYM_EVENT_STEP, SIGNSYM_EVENT_EPOCH};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    struct host host = {0};
    signsym_trainer *trainer = tiny_trainer(NULL);
    host.at = kinds[i];
    listen(trainer, free_own_trainer, &host);
    CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, NULL, NULL));
    CHECK(host.destroyed_before == 0 && host.destroyed == 1);
  }
}

TEST(A_trainer_freed_in_its_END_event_has_finished) {
  struct host host = {0};
  signsym_trainer *trainer = tiny_trainer(NULL);
  host.at = SIGNSYM_EVENT_END;
  listen(trainer, free_own_trainer, &host);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(host.destroyed_before == 0 && host.destroyed == 1);
}

static void *free_it(void *trainer) {
  signsym_trainer_free(trainer);
  return NULL;
}

static int free_in_thread(const signsym_event *event, void *user) {
  struct host *host = user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && ++host->events == 1) {
    CHECK(pthread_create(&host->thread, NULL, free_it, host->trainer) == 0);
    CHECK(pthread_join(host->thread, NULL) == 0); /* it returns at once, though the run goes on */
    host->destroyed_before = host->destroyed;
  }
  return 0;
}

TEST(A_trainer_freed_by_another_thread_during_a_run_is_cancelled_and_destroyed_when_the_run_returns) {
  struct host host = {0};
  signsym_trainer *trainer = tiny_trainer(NULL);
  listen(trainer, free_in_thread, &host);
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, NULL, NULL));
  CHECK(host.events == 1);
  CHECK(host.destroyed_before == 0 && host.destroyed == 1);
}

static int refuse(const signsym_event *event, void *user) {
  struct host *host = user;
  ++host->events;
  return signsym_event_type(event) == host->at ? 7 : 0;
}

TEST(A_callback_that_returns_non_zero_at_any_event_stops_the_run_and_a_later_run_goes_on) {
  for (signsym_event_kind kind = SIGNSYM_EVENT_START; kind <= SIGNSYM_EVENT_END; ++kind) {
    struct host host = {0};
    char name[] = "refused-?", *folder;
    signsym_trainer *trainer;
    signsym_error *error = NULL;
    if (kind == SIGNSYM_EVENT_LOG) continue; /* nothing to log here */
    name[sizeof name - 2] = (char)('0' + kind);
    folder = scratch(name);
    trainer = tiny_trainer(folder);
    host.at = kind;
    listen(trainer, refuse, &host);
    CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, &error));
    CHECK_HAS("returned 7", signsym_error_message(error));
    signsym_error_free(error);
    CHECK_OK(signsym_trainer_on_event(trainer, count, &host, NULL, NULL));
    CHECK(host.destroyed == 1);
    CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
    check_trained_undisturbed(trainer);
    signsym_trainer_free(trainer);
    free(folder);
  }
}

static int refuse_last_step(const signsym_event *event, void *user) {
  (void)user;
  return signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == tiny_steps;
}

TEST(A_callback_that_returns_non_zero_at_the_last_step_has_failed_too) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_on_event(trainer, refuse_last_step, NULL, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}

static void try_everything(struct host *host) {
  signsym_trainer *trainer = host->trainer;
  signsym_config *config = NULL;
  signsym_error *error = NULL;
  struct host other = {0};
  double loss = 7;
  signsym_bytes *bytes = NULL;
  signsym_model *model = NULL;
  struct DLManagedTensorVersioned *samples = tiny_samples(0), *targets = tiny_targets(0);
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_run(trainer, NULL, &error));
  CHECK_HAS("in use", signsym_error_message(error));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_evaluate(trainer, &loss, NULL, NULL, NULL, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_save_checkpoint(trainer, "/no/such", NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_run_for(trainer, 1, 0, NULL, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_on_event(trainer, count, &other, destroy, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_limit_events(trainer, 1, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_checkpoint(trainer, &bytes, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_restore(trainer, "x", 1, NULL, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_step(trainer, &samples->dl_tensor, &targets->dl_tensor, SIGNSYM_NCHW, &loss, NULL));
  CHECK_OK(signsym_trainer_model(trainer, &model, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_model_replace_head(model, 3, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_model_freeze(model, "*", 1, NULL));
  CHECK(loss == 7 && other.destroyed == 1 && bytes == NULL);
  signsym_tensor_free(samples);
  signsym_tensor_free(targets);
  signsym_model_free(model);
  CHECK_OK(signsym_trainer_config(trainer, &config, NULL));
  CHECK_OK(signsym_config_check(config, NULL));
  signsym_config_free(config);
  signsym_error_free(error);
}

static void *try_in_thread(void *host) {
  try_everything(host);
  return NULL;
}

static int try_both(const signsym_event *event, void *user) {
  struct host *host = user;
  (void)event;
  ++host->events;
  try_everything(host);
  CHECK(pthread_create(&host->thread, NULL, try_in_thread, host) == 0);
  CHECK(pthread_join(host->thread, NULL) == 0);
  return 0;
}

TEST(During_a_run_the_trainer_is_busy_for_its_callback_and_for_other_threads_but_tells_its_config) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct host host = {0};
  listen(trainer, try_both, &host);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(host.events > 0 && host.destroyed == 0);
  check_trained_undisturbed(trainer); /* and no longer busy */
  signsym_trainer_free(trainer);
}

static int train_another(const signsym_event *event, void *user) {
  signsym_trainer *other;
  (void)user;
  if (signsym_event_type(event) != SIGNSYM_EVENT_STEP || signsym_event_step(event) != 2) return 0;
  other = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_run(other, NULL, NULL));
  signsym_trainer_free(other);
  return 0;
}

TEST(A_callback_may_train_another_trainer) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_on_event(trainer, train_another, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}
