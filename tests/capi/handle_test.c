#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "fixture.h"

/* Each function of a handle's type must refuse `wrong`, and leave alone what it would have written. */

static int untouched_target;
static void *const untouched = &untouched_target;

static void refuse_as_error(void *wrong) {
  CHECK(signsym_error_status(wrong) == (wrong ? SIGNSYM_INVALID_HANDLE : SIGNSYM_OK));
  CHECK_TEXT("", signsym_error_message(wrong));
  CHECK_TEXT("", signsym_error_field(wrong));
  signsym_error_free(wrong);
}

static void refuse_as_bytes(void *wrong) {
  CHECK(signsym_bytes_data(wrong) == NULL);
  CHECK(signsym_bytes_size(wrong) == 0);
  signsym_bytes_free(wrong);
}

static void refuse_as_config(void *wrong) {
  signsym_config *config = untouched;
  signsym_bytes *bytes = untouched;
  signsym_trainer *trainer = untouched;
  signsym_dataset *dataset = untouched;
  signsym_error *error = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_set(wrong, "train.epochs", "1", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_check(wrong, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_copy(wrong, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_resolve(wrong, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_write(wrong, SIGNSYM_TEXT, &bytes, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_hash(wrong, &bytes, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_create(wrong, &trainer, &error));
  CHECK_HAS("config is ", signsym_error_message(error));
  if (wrong) CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_resume("/no/such/run", wrong, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE,
               signsym_dataset_create_from_config(wrong, SIGNSYM_TRAINING, &dataset, NULL));
  CHECK(config == untouched && bytes == untouched && trainer == untouched && dataset == untouched);
  signsym_error_free(error);
  signsym_config_free(wrong);
}

static void refuse_as_cancel(void *wrong) {
  signsym_cancel_set(wrong);
  CHECK(signsym_cancel_is_set(wrong) == 0);
  signsym_cancel_free(wrong);
}

static void refuse_as_event(void *wrong) {
  CHECK(signsym_event_type(wrong) == 0);
  CHECK(signsym_event_epoch(wrong) == 0 && signsym_event_epochs(wrong) == 0);
  CHECK(signsym_event_step(wrong) == 0 && signsym_event_step_in_epoch(wrong) == 0);
  CHECK(signsym_event_steps_per_epoch(wrong) == 0);
  CHECK(isnan(signsym_event_loss(wrong)) && isnan(signsym_event_top1(wrong)) && isnan(signsym_event_top5(wrong)));
  CHECK(isnan(signsym_event_train_top1(wrong)) && isnan(signsym_event_learning_rate(wrong)));
  CHECK(isnan(signsym_event_samples_per_second(wrong)) && isnan(signsym_event_seconds(wrong)));
  CHECK_TEXT("", signsym_event_text(wrong));
  CHECK_TEXT("", signsym_event_json(wrong));
}

static int no_event(const signsym_event *event, void *user) {
  (void)event, (void)user;
  return 0;
}

static void refuse_as_trainer(void *wrong) {
  signsym_config *config = untouched;
  signsym_error *error = NULL;
  double number = 7;
  int64_t samples = 7;
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_on_event(wrong, no_event, NULL, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_run(wrong, NULL, &error));
  CHECK_HAS("trainer is ", signsym_error_message(error));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_evaluate(wrong, &number, &number, &number, &samples, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_save_checkpoint(wrong, "no.safetensors", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_run_for(wrong, 1, 1, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_config(wrong, &config, NULL));
  CHECK(config == untouched && number == 7 && samples == 7);
  signsym_error_free(error);
  signsym_trainer_free(wrong);
}

static void refuse_as_dataset(void *wrong) {
  CHECK(signsym_dataset_size(wrong) == 0 && signsym_dataset_classes(wrong) == 0);
  for (int32_t dimension = -1; dimension < 4; ++dimension) CHECK(signsym_dataset_shape(wrong, dimension) == 0);
  signsym_dataset_free(wrong);
}

enum { error_type, bytes_type, config_type, cancel_type, trainer_type, dataset_type, event_type, types };

static void (*const refuse_as[types])(void *) = {refuse_as_error,   refuse_as_bytes,   refuse_as_config,
                                                 refuse_as_cancel,  refuse_as_trainer, refuse_as_dataset,
                                                 refuse_as_event};

static void refuse_everywhere(void *wrong) {
  for (int type = 0; type < types; ++type) refuse_as[type](wrong);
}

static void refuse_as_other_types(int own, void *handle) {
  for (int type = 0; type < types; ++type)
    if (type != own) refuse_as[type](handle);
}

struct handles {
  void *of[types];
};

static struct handles make_handles(void) {
  struct handles live = {{NULL}};
  signsym_cancel *cancel = NULL;
  CHECK_OK(signsym_cancel_create(&cancel, NULL));
  live.of[error_type] = an_error();
  live.of[bytes_type] = some_bytes();
  live.of[config_type] = tiny_config();
  live.of[cancel_type] = cancel;
  live.of[trainer_type] = tiny_trainer(NULL);
  live.of[dataset_type] = tiny_dataset();
  return live;
}

static void free_handles(struct handles live) {
  signsym_error_free(live.of[error_type]);
  signsym_bytes_free(live.of[bytes_type]);
  signsym_config_free(live.of[config_type]);
  signsym_cancel_free(live.of[cancel_type]);
  signsym_trainer_free(live.of[trainer_type]);
  signsym_dataset_free(live.of[dataset_type]);
}

TEST(NULL_is_refused_by_every_function) { refuse_everywhere(NULL); }

TEST(An_address_or_a_number_is_refused_by_every_function) {
  struct handles live = make_handles();
  int on_stack = 0;
  char *on_heap = malloc(16);
  refuse_everywhere(&on_stack);
  refuse_everywhere((char *)&on_stack + 1);
  refuse_everywhere(on_heap);
  refuse_everywhere((void *)"text");
  for (int bit = 0; bit < 64; ++bit) {
    refuse_everywhere((void *)(uintptr_t)(UINT64_C(1) << bit));
    refuse_everywhere((void *)(uintptr_t)((UINT64_C(1) << bit) - 1));
    refuse_everywhere((void *)(uintptr_t)~(UINT64_C(1) << bit));
  }
  free(on_heap);
  free_handles(live);
}

TEST(A_live_handle_with_one_bit_flipped_is_refused) {
  struct handles live = make_handles();
  for (int type = 0; type < event_type; ++type)
    for (int bit = 0; bit < 64; ++bit) {
      void *flipped = (void *)((uintptr_t)live.of[type] ^ (uintptr_t)(UINT64_C(1) << bit));
      int other = 0;
      for (int i = 0; i < event_type; ++i) other |= flipped == live.of[i];
      if (!other) refuse_everywhere(flipped);
    }
  free_handles(live);
}

TEST(A_handle_of_another_type_is_refused_and_stays_live) {
  struct handles live = make_handles();
  for (int type = 0; type < event_type; ++type) refuse_as_other_types(type, live.of[type]);
  CHECK_TEXT("train.epochs", signsym_error_field(live.of[error_type]));
  CHECK(signsym_bytes_size(live.of[bytes_type]) == 64);
  CHECK_OK(signsym_config_check(live.of[config_type], NULL));
  CHECK(signsym_cancel_is_set(live.of[cancel_type]) == 0);
  CHECK_OK(signsym_trainer_evaluate(live.of[trainer_type], NULL, NULL, NULL, NULL, NULL));
  CHECK(signsym_dataset_size(live.of[dataset_type]) == tiny_held_out);
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_run(live.of[trainer_type], live.of[bytes_type], NULL));
  free_handles(live);
}

TEST(A_freed_handle_is_refused_by_every_function) {
  struct handles freed = make_handles();
  signsym_trainer *trainer = tiny_trainer(NULL);
  free_handles(freed);
  free_handles(freed); /* twice */
  for (int type = 0; type < event_type; ++type) refuse_everywhere(freed.of[type]);
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_trainer_run(trainer, freed.of[cancel_type], NULL));
  signsym_trainer_free(trainer);
}

static int use_event(const signsym_event *event, void *user) {
  *(const signsym_event **)user = event;
  refuse_as_other_types(event_type, (void *)event);
  CHECK(signsym_event_type(event) != 0);
  return 0;
}

TEST(An_event_is_refused_as_another_type_and_after_its_callback) {
  const signsym_event *last = NULL;
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_on_event(trainer, use_event, &last, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(last != NULL);
  refuse_everywhere((void *)last);
  signsym_trainer_free(trainer);
}

enum { pairs = 100000 };

TEST(In_100000_pairs_of_create_and_free_no_bytes_come_back) {
  void **freed = malloc(pairs * sizeof *freed);
  signsym_config *config = tiny_config();
  signsym_bytes *live = NULL;
  for (int i = 0; i < pairs; ++i) {
    signsym_bytes *bytes = NULL;
    CHECK_OK(signsym_config_write(config, SIGNSYM_BINARY, &bytes, NULL));
    signsym_bytes_free(bytes);
    freed[i] = bytes;
  }
  CHECK_OK(signsym_config_write(config, SIGNSYM_BINARY, &live, NULL));
  for (int i = 0; i < pairs; ++i) refuse_as_bytes(freed[i]);
  CHECK(signsym_bytes_size(live) > 0);
  signsym_bytes_free(live);
  signsym_config_free(config);
  free(freed);
}

TEST(In_100000_pairs_of_create_and_free_no_config_comes_back) {
  void **freed = malloc(pairs * sizeof *freed);
  signsym_config *live = NULL;
  for (int i = 0; i < pairs; ++i) {
    signsym_config *config = NULL;
    CHECK_OK(signsym_config_create("", 0, SIGNSYM_BINARY, NULL, &config, NULL));
    signsym_config_free(config);
    freed[i] = config;
  }
  CHECK_OK(signsym_config_create("", 0, SIGNSYM_BINARY, NULL, &live, NULL));
  for (int i = 0; i < pairs; ++i) {
    CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_set(freed[i], "seed", "5", NULL));
    signsym_config_free(freed[i]);
  }
  CHECK_OK(signsym_config_set(live, "seed", "5", NULL));
  signsym_config_free(live);
  free(freed);
}

TEST(In_100000_pairs_of_create_and_free_no_cancel_token_comes_back) {
  void **freed = malloc(pairs * sizeof *freed);
  for (int i = 0; i < pairs; ++i) {
    signsym_cancel *cancel = NULL;
    CHECK_OK(signsym_cancel_create(&cancel, NULL));
    CHECK(signsym_cancel_is_set(cancel) == 0);
    signsym_cancel_set(cancel);
    CHECK(signsym_cancel_is_set(cancel) == 1);
    signsym_cancel_free(cancel);
    freed[i] = cancel;
  }
  for (int i = 0; i < pairs; ++i) refuse_as_cancel(freed[i]);
  free(freed);
}

TEST(Ten_thousand_handles_live_at_once) {
  enum { many = 10000 };
  static signsym_config *live[many];
  for (int i = 0; i < many; ++i) CHECK_OK(signsym_config_create("", 0, SIGNSYM_TEXT, NULL, &live[i], NULL));
  for (int i = 0; i < many; i += 2) signsym_config_free(live[i]);
  for (int i = 0; i < many; ++i)
    CHECK_STATUS(i % 2 ? SIGNSYM_OK : SIGNSYM_INVALID_HANDLE, signsym_config_set(live[i], "seed", "1", NULL));
  for (int i = 0; i < many; ++i) signsym_config_free(live[i]);
}
