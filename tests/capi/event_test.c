#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fixture.h"

struct record {
  char kinds[64]; /* one letter an event */
  int64_t steps;
  double seconds;
  const char *end;
};

static const char letters[] = "?SsvecLE";
static const char *const names[] = {"", "start", "step", "evaluation", "epoch", "checkpoint", "log", "end"};

static int in_percent(double value) { return value >= 0 && value <= 100; }

static void check_event(const signsym_event *event, struct record *record) {
  const signsym_event_kind kind = signsym_event_type(event);
  const int64_t step = signsym_event_step(event), in_epoch = signsym_event_step_in_epoch(event);
  CHECK(signsym_event_epochs(event) == tiny_epochs);
  CHECK(signsym_event_steps_per_epoch(event) == tiny_steps_per_epoch);
  CHECK(signsym_event_seconds(event) >= record->seconds);
  record->seconds = signsym_event_seconds(event);
  switch (kind) {
    case SIGNSYM_EVENT_STEP:
      CHECK(step == ++record->steps);
      CHECK(in_epoch == (step - 1) % tiny_steps_per_epoch + 1);
      CHECK(signsym_event_epoch(event) == (step - 1) / tiny_steps_per_epoch + 1);
      CHECK(signsym_event_loss(event) > 0 && in_percent(signsym_event_top1(event)));
      CHECK(fabs(signsym_event_learning_rate(event) - 0.05) < 1e-12);
      CHECK(signsym_event_samples_per_second(event) > 0);
      CHECK_TEXT("", signsym_event_text(event));
      break;
    case SIGNSYM_EVENT_EVALUATION:
      CHECK(step == record->steps);
      CHECK(signsym_event_epoch(event) == step / tiny_steps_per_epoch);
      CHECK(json_has(signsym_event_json(event), "alignment", NULL));
      CHECK(isnan(signsym_event_train_top1(event)));
      if (step == 0) { /* only the angles of the initial weights */
        CHECK(isnan(signsym_event_loss(event)) && isnan(signsym_event_top1(event)));
        break;
      }
      CHECK(signsym_event_loss(event) > 0 && in_percent(signsym_event_top1(event)));
      CHECK(signsym_event_top5(event) >= signsym_event_top1(event) && in_percent(signsym_event_top5(event)));
      break;
    case SIGNSYM_EVENT_EPOCH:
      CHECK(signsym_event_epoch(event) == step / tiny_steps_per_epoch);
      CHECK(signsym_event_loss(event) > 0 && in_percent(signsym_event_top1(event)));
      CHECK(in_percent(signsym_event_train_top1(event)));
      break;
    case SIGNSYM_EVENT_CHECKPOINT: {
      FILE *file = fopen(signsym_event_text(event), "rb");
      CHECK(file != NULL); /* it is on the disk by now */
      fclose(file);
      break;
    }
    case SIGNSYM_EVENT_END: CHECK_TEXT(record->end, signsym_event_text(event)); break;
    default: CHECK(kind == SIGNSYM_EVENT_START);
  }
}

static int on_event(const signsym_event *event, void *user) {
  struct record *record = user;
  const signsym_event_kind kind = signsym_event_type(event);
  const size_t count = strlen(record->kinds);
  CHECK(kind >= SIGNSYM_EVENT_START && kind <= SIGNSYM_EVENT_END && count + 1 < sizeof record->kinds);
  record->kinds[count] = letters[kind];
  check_event(event, record);
  CHECK(json_has(signsym_event_json(event), "event", names[kind]));
  CHECK(!strchr(signsym_event_json(event), '\n'));
  CHECK(signsym_event_json(event) == signsym_event_json(event)); /* made once */
  return 0;
}

TEST(A_run_tells_its_events_in_order_and_each_with_its_numbers) {
  char *folder = scratch("events");
  signsym_trainer *trainer = tiny_trainer(folder);
  struct record record = {"", 0, 0, "finished"};
  CHECK_OK(signsym_trainer_on_event(trainer, on_event, &record, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_TEXT("SvssssvecssssvecE", record.kinds);
  signsym_trainer_free(trainer);
  free(folder);
}

TEST(Without_a_folder_there_are_no_checkpoints) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct record record = {"", 0, 0, "finished"};
  CHECK_OK(signsym_trainer_on_event(trainer, on_event, &record, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_TEXT("SvssssvessssveE", record.kinds);
  signsym_trainer_free(trainer);
}

TEST(A_run_after_the_end_only_tells_START_and_END) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct record record = {"", tiny_steps, 0, "finished"};
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, on_event, &record, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_TEXT("SE", record.kinds);
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}

TEST(A_cancelled_run_ends_with_a_checkpoint_and_says_that_it_was_cancelled) {
  char *folder = scratch("cancelled");
  signsym_trainer *trainer = tiny_trainer(folder);
  signsym_cancel *cancel = NULL;
  struct record record = {"", 0, 0, "cancelled"};
  CHECK_OK(signsym_cancel_create(&cancel, NULL));
  signsym_cancel_set(cancel);
  CHECK_OK(signsym_trainer_on_event(trainer, on_event, &record, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(trainer, cancel, NULL));
  CHECK_TEXT("SvcE", record.kinds);
  signsym_cancel_free(cancel);
  signsym_trainer_free(trainer);
  free(folder);
}

static int end_text(const signsym_event *event, void *user) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_END)
    strcpy(user, json_has(signsym_event_json(event), "status", "diverged") ? signsym_event_text(event) : "no status");
  return 0;
}

TEST(A_run_that_diverges_says_so_in_its_END_and_in_its_error) {
  char end[64] = "";
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  CHECK_OK(signsym_config_set(config, "optimizer.learning_rate", "1e30", NULL));
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, end_text, end, NULL, NULL));
  CHECK_STATUS(SIGNSYM_DIVERGED, signsym_trainer_run(trainer, NULL, &error));
  CHECK_TEXT("diverged", end);
  CHECK_HAS("learning rate", signsym_error_message(error));
  signsym_error_free(error);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
}

static int log_text(const signsym_event *event, void *user) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_LOG) snprintf(user, 1024, "%s", signsym_event_text(event));
  return 0;
}

TEST(A_damaged_checkpoint_that_is_passed_over_is_told_by_a_LOG) {
  char log[1024] = "", *folder = scratch("damaged"), *last = scratch("damaged/checkpoint-8.safetensors");
  signsym_trainer *trainer = tiny_trainer(folder);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  signsym_trainer_free(trainer);
  trainer = NULL;
  write_whole_file(last, "nothing", 7);
  CHECK_OK(signsym_trainer_resume(folder, NULL, &trainer, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, log_text, log, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_HAS("checkpoint-8.safetensors", log);
  CHECK_HAS("the one before it is used", log);
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  free(folder), free(last);
}
