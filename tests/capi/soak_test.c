/* Trainings made, used and freed again and again: memory stays as it is after the first of them. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

enum { warm_up = 100 };

/* Bytes of memory that the process has, without what was freed and lies ready for the next. */
static double resident(void) {
  long long whole, pages = 0;
  malloc_trim(0);
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%lld %lld", &whole, &pages) == 2);
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void count(void *destroyed) { ++*(int *)destroyed; }

static int make_sample(int64_t index, void *sample, int64_t *label, void *user) {
  (void)user;
  memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
  *label = tiny_labels(0)[index];
  return 0;
}

static int look(const signsym_event *event, void *user) {
  (void)user;
  return signsym_event_json(event)[0] != '{';
}

static signsym_dataset *callback_dataset(int *destroyed) {
  const int64_t shape[] = {3, 32, 32};
  signsym_dataset *set = NULL;
  CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 1, make_sample,
                                                destroyed, count, &set, NULL));
  return set;
}

/* What an application does with a model while and after it is trained. */
static void use(signsym_trainer *trainer) {
  struct DLManagedTensorVersioned *samples = tiny_samples(1), *labels = tiny_targets(1), *logits = NULL, *weights = NULL;
  signsym_model *model = NULL;
  signsym_bytes *bytes = NULL;
  signsym_error *error = NULL;
  CHECK_OK(signsym_trainer_step(trainer, &samples->dl_tensor, &labels->dl_tensor, SIGNSYM_NCHW, NULL, NULL));
  CHECK_OK(signsym_trainer_evaluate(trainer, NULL, NULL, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_model(trainer, &model, NULL));
  CHECK_OK(signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, 0, &logits, NULL));
  CHECK_OK(signsym_model_tensor(model, "conv1.weight", &weights, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_alignment(model, "none", NULL, NULL, &error));
  CHECK_OK(signsym_trainer_checkpoint(trainer, &bytes, NULL));
  CHECK_OK(signsym_trainer_restore(trainer, signsym_bytes_data(bytes), signsym_bytes_size(bytes), NULL, NULL));
  signsym_bytes_free(bytes);
  signsym_error_free(error);
  signsym_model_free(model);
  signsym_tensor_free(samples);
  signsym_tensor_free(labels);
  signsym_tensor_free(logits);
  signsym_tensor_free(weights);
}

/* Create, train some steps, free; on data of each kind in turn, with loader threads. */
static void train_once(int turn) {
  int destroyed = 0;
  signsym_config *config = turn % 2 ? tiny_host_config() : tiny_config();
  signsym_dataset *training = turn % 2 ? callback_dataset(&destroyed) : NULL;
  signsym_dataset *held_out = turn % 2 ? host_dataset(1) : NULL;
  signsym_trainer *trainer = NULL;
  CHECK_OK(signsym_config_set(config, "data.loader_threads", "1", NULL));
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, held_out, &trainer, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, look, &destroyed, count, NULL));
  CHECK_OK(signsym_trainer_run_for(trainer, 0, 2, NULL, NULL));
  use(trainer);
  signsym_trainer_free(trainer);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
  signsym_config_free(config);
  CHECK(destroyed == (turn % 2 ? 2 : 1));
}

static void soak(int trainings) {
  double before = 0, most = 0;
  char found[100];
  for (int i = 0; i < trainings; ++i) {
    train_once(i);
    const double now = i < warm_up - 1 ? 0 : resident();
    if (i == warm_up - 1) before = now;
    if (now > most) most = now;
  }
  snprintf(found, sizeof found, "%.2f MB after %d trainings, %.2f MB at most of %d", before / 1e6, warm_up, most / 1e6,
           trainings);
  fprintf(stderr, "%s\n", found);
  if (most > 1.01 * before) check_failed(__FILE__, __LINE__, "memory is flat within 1 %", found);
}

TEST(Two_hundred_trainings_take_no_more_memory_than_a_few) { soak(200); }
TEST(Two_thousand_trainings_take_no_more_memory_than_a_few) { soak(2000); }
