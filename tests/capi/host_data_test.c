/* Trainings on data of the application: whose they are, on which threads its functions run, what its failures do. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "check.h"
#include "fixture.h"

typedef struct DLManagedTensorVersioned tensor;

static void add_one(void *counter) { ++*(int *)counter; }

static tensor *wrap(const void *data, signsym_type type, const int64_t *shape, const int64_t *strides,
                    int32_t dimensions, int *gone) {
  tensor *wrapped = NULL;
  CHECK_OK(signsym_tensor_wrap((void *)data, type, shape, strides, dimensions, gone, add_one, &wrapped, NULL));
  return wrapped;
}

static signsym_dataset *over(tensor *samples, tensor *labels, signsym_layout layout) {
  signsym_dataset *dataset = NULL;
  CHECK_OK(signsym_dataset_create_from_memory(samples, labels, layout, 10, &dataset, NULL));
  return dataset;
}

static signsym_trainer *train_on(signsym_dataset *training, const char *path, const char *value) {
  signsym_config *config = tiny_host_config();
  signsym_dataset *held_out = host_dataset(1);
  signsym_trainer *trainer = NULL;
  if (path) CHECK_OK(signsym_config_set(config, path, value, NULL));
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, held_out, &trainer, NULL));
  signsym_dataset_free(held_out);
  signsym_config_free(config);
  return trainer;
}

/* ---- memory ---- */

static int free_trainer(const signsym_event *event, void *trainer) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP) signsym_trainer_free(*(signsym_trainer **)trainer);
  return 0;
}

TEST(Memory_is_let_go_when_the_last_of_its_users_has_gone) {
  const int64_t shape[] = {tiny_training, 3, 32, 32};
  int gone = 0;
  signsym_dataset *dataset = over(wrap(tiny_pictures(0), SIGNSYM_U8, shape, NULL, 4, &gone),
                                  wrap(tiny_labels(0), SIGNSYM_I64, shape, NULL, 1, &gone), SIGNSYM_NCHW);
  signsym_trainer *first = train_on(dataset, NULL, NULL), *second = train_on(dataset, NULL, NULL);
  signsym_dataset_free(dataset);
  CHECK_OK(signsym_trainer_run(first, NULL, NULL));
  signsym_trainer_free(first);
  CHECK(gone == 0);
  CHECK_OK(signsym_trainer_on_event(second, free_trainer, &second, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(second, NULL, NULL)); /* freed in its first step */
  CHECK(gone == 2);
}

TEST(A_trainer_that_cannot_be_made_leaves_the_set_as_it_was) {
  const int64_t shape[] = {tiny_training, 3, 32, 32};
  int gone = 0;
  signsym_dataset *dataset = over(wrap(tiny_pictures(0), SIGNSYM_U8, shape, NULL, 4, &gone),
                                  wrap(tiny_labels(0), SIGNSYM_I64, shape, NULL, 1, &gone), SIGNSYM_NCHW);
  signsym_config *files = tiny_config();
  signsym_trainer *trainer = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_create_with(files, NULL, dataset, NULL, &trainer, NULL));
  CHECK(gone == 0 && trainer == NULL && signsym_dataset_size(dataset) == tiny_training);
  signsym_dataset_free(dataset);
  CHECK(gone == 2);
  signsym_config_free(files);
}

/* Writes the pictures so that value (n, c, y, x) lies at first + n·strides[0] + c·strides[1] + …, and trains on them. */
static void train_on_order(const int64_t *strides, int64_t first, size_t bytes, signsym_layout layout) {
  const int64_t nchw[] = {tiny_training, 3, 32, 32}, nhwc[] = {tiny_training, 32, 32, 3}, one[] = {-1};
  const int64_t in_nhwc[] = {strides[0], strides[2], strides[3], strides[1]};
  const int in_order = layout == SIGNSYM_NCHW;
  unsigned char *memory = calloc(bytes, 1);
  uint16_t labels[tiny_training];
  int gone = 0;
  signsym_dataset *dataset;
  signsym_trainer *trainer;
  for (int64_t i = 0; i < tiny_training; ++i) {
    labels[tiny_training - 1 - i] = (uint16_t)tiny_labels(0)[i];
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t y = 0; y < 32; ++y)
        for (int64_t x = 0; x < 32; ++x)
          memory[first + i * strides[0] + c * strides[1] + y * strides[2] + x * strides[3]] =
              tiny_pictures(0)[((i * 3 + c) * 32 + y) * 32 + x];
  }
  dataset = over(wrap(memory + first, SIGNSYM_U8, in_order ? nchw : nhwc, in_order ? strides : in_nhwc, 4, &gone),
                 wrap(labels + tiny_training - 1, SIGNSYM_U16, nchw, one, 1, &gone), layout);
  trainer = train_on(dataset, NULL, NULL);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_dataset_free(dataset);
  CHECK(gone == 2);
  free(memory);
}

TEST(Pictures_in_any_order_of_memory_train_to_the_same_bits) {
  const int64_t interleaved[] = {3072, 1, 96, 3}, padded[] = {3 * 40 * 33 + 7, 40 * 33, 40, 1};
  const int64_t backwards[] = {-3072, -1024, -32, -1};
  train_on_order(interleaved, 0, tiny_training * 3072, SIGNSYM_NHWC);
  train_on_order(padded, 0, tiny_training * (3 * 40 * 33 + 7), SIGNSYM_NCHW);
  train_on_order(backwards, tiny_training * 3072 - 1, tiny_training * 3072, SIGNSYM_NHWC);
}

/* 3 GiB of pictures, whose pages read as zeros and take no memory. */
TEST(A_training_in_place_takes_no_memory_for_the_set) {
  const int64_t shape[] = {1 << 20, 3, 32, 32}, same[] = {0};
  const size_t bytes = (size_t)3 << 30;
  void *memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int gone = 0;
  struct rusage before, after;
  signsym_dataset *dataset;
  signsym_trainer *trainer;
  if (memory == MAP_FAILED) return; /* this system gives no such address space */
  getrusage(RUSAGE_SELF, &before);
  dataset = over(wrap(memory, SIGNSYM_U8, shape, NULL, 4, &gone), wrap(memory, SIGNSYM_U8, shape, same, 1, &gone),
                 SIGNSYM_NCHW);
  trainer = train_on(dataset, NULL, NULL);
  CHECK_OK(signsym_trainer_run_for(trainer, 0, 5, NULL, NULL));
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 256 << 10); /* KiB: the trainer's own, and the order of the epoch */
  signsym_trainer_free(trainer);
  signsym_dataset_free(dataset);
  CHECK(gone == 2);
  CHECK(munmap(memory, bytes) == 0);
}

/* ---- callbacks ---- */

/* What the function of a set does, and what was seen of it. */
struct maker {
  pthread_mutex_t mutex;
  pthread_t owner;
  int calls, calls_of_owner, now, most_at_once, gone, told;
  int64_t bad_sample; /* −1: none */
  int answer;
  int64_t bad_label; /* given to bad_sample where the answer is 0 */
  signsym_trainer *trainer;
  signsym_dataset *dataset;
};

static struct maker a_maker(void) {
  struct maker maker;
  memset(&maker, 0, sizeof maker);
  CHECK(pthread_mutex_init(&maker.mutex, NULL) == 0);
  maker.owner = pthread_self();
  maker.bad_sample = -1;
  return maker;
}

static void let_go(void *user) {
  struct maker *maker = user;
  pthread_mutex_lock(&maker->mutex);
  ++maker->gone;
  pthread_mutex_unlock(&maker->mutex);
}

/* On a loader thread it may come a moment later. */
static void check_gone(struct maker *maker) {
  const struct timespec a_moment = {0, 1000000};
  int gone = 0;
  for (int i = 0; i < 10000 && !gone; ++i) {
    pthread_mutex_lock(&maker->mutex);
    gone = maker->gone;
    pthread_mutex_unlock(&maker->mutex);
    if (!gone) nanosleep(&a_moment, NULL);
  }
  CHECK(gone == 1);
}

static int make(int64_t index, void *sample, int64_t *label, void *user) {
  struct maker *maker = user;
  const struct timespec a_moment = {0, 200000};
  int bad;
  pthread_mutex_lock(&maker->mutex);
  ++maker->calls;
  maker->calls_of_owner += pthread_equal(pthread_self(), maker->owner) != 0;
  if (++maker->now > maker->most_at_once) maker->most_at_once = maker->now;
  bad = index == maker->bad_sample;
  pthread_mutex_unlock(&maker->mutex);
  nanosleep(&a_moment, NULL); /* so that others may come */
  memcpy(sample, tiny_pictures(0) + index * tiny_picture, tiny_picture);
  *label = bad && maker->answer == 0 ? maker->bad_label : tiny_labels(0)[index];
  pthread_mutex_lock(&maker->mutex);
  --maker->now;
  pthread_mutex_unlock(&maker->mutex);
  return bad ? maker->answer : 0;
}

static signsym_dataset *made_by(struct maker *maker, signsym_sample_fn function, int32_t concurrent) {
  const int64_t shape[] = {3, 32, 32};
  CHECK_OK(signsym_dataset_create_from_callback(tiny_training, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, concurrent,
                                                function, maker, let_go, &maker->dataset, NULL));
  return maker->dataset;
}

TEST(A_function_runs_on_the_thread_that_trains_and_a_concurrent_one_on_loader_threads_to_the_same_bits) {
  for (int32_t concurrent = 0; concurrent < 2; ++concurrent) {
    struct maker maker = a_maker();
    signsym_trainer *trainer = train_on(made_by(&maker, make, concurrent), "data.loader_threads", "3");
    CHECK(maker.calls == 0);
    CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
    check_trained_undisturbed(trainer);
    CHECK(maker.calls >= tiny_epochs * tiny_training);
    CHECK(maker.calls_of_owner == (concurrent ? 0 : maker.calls));
    CHECK(concurrent ? maker.most_at_once > 1 : maker.most_at_once == 1);
    signsym_dataset_free(maker.dataset);
    CHECK(maker.gone == 0);
    signsym_trainer_free(trainer);
    CHECK(maker.gone == 1);
  }
}

static void *run(void *trainer) {
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  return NULL;
}

TEST(Two_trainers_on_two_threads_never_call_a_function_at_once_that_is_not_concurrent) {
  struct maker maker = a_maker();
  signsym_trainer *first = train_on(made_by(&maker, make, 0), NULL, NULL);
  signsym_trainer *second = train_on(maker.dataset, NULL, NULL);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, first) == 0);
  run(second);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(maker.most_at_once == 1);
  check_trained_undisturbed(first);
  check_trained_undisturbed(second);
  signsym_trainer_free(first);
  signsym_trainer_free(second);
  CHECK(maker.gone == 0);
  signsym_dataset_free(maker.dataset);
  CHECK(maker.gone == 1);
}

TEST(A_function_that_fails_or_gives_a_wrong_label_stops_the_run_and_the_next_one_goes_on) {
  static const struct {
    int32_t concurrent;
    int answer;
    int64_t label;
    const char *said;
  } failures[] = {{0, -3, 0, "returned -3 (sample 17)"},
                  {1, 7, 0, "returned 7 (sample 17)"},
                  {0, 0, -1, "gave sample 17 the label -1: 0 to 9"},
                  {1, 0, 10, "gave sample 17 the label 10: 0 to 9"}};
  for (size_t i = 0; i < sizeof failures / sizeof *failures; ++i) {
    struct maker maker = a_maker();
    signsym_trainer *trainer = train_on(made_by(&maker, make, failures[i].concurrent), "data.loader_threads", "2");
    signsym_error *error = NULL;
    maker.bad_sample = 17;
    maker.answer = failures[i].answer;
    maker.bad_label = failures[i].label;
    CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, &error));
    CHECK_HAS(failures[i].said, signsym_error_message(error));
    pthread_mutex_lock(&maker.mutex);
    maker.bad_sample = -1;
    pthread_mutex_unlock(&maker.mutex);
    CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
    check_trained_undisturbed(trainer);
    signsym_trainer_free(trainer);
    signsym_dataset_free(maker.dataset);
    signsym_error_free(error);
    CHECK(maker.gone == 1);
  }
}

TEST(A_function_that_fails_during_an_evaluation_fails_it_and_the_next_one_is_whole) {
  struct maker maker = a_maker();
  signsym_config *config = tiny_host_config();
  signsym_dataset *training = host_dataset(0);
  signsym_trainer *trainer = NULL;
  double loss = 7;
  int64_t samples = 7;
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, made_by(&maker, make, 0), &trainer, NULL));
  maker.bad_sample = 63;
  maker.answer = 1;
  CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_evaluate(trainer, &loss, NULL, NULL, &samples, NULL));
  CHECK(loss == 7 && samples == 7);
  maker.bad_sample = -1;
  CHECK_OK(signsym_trainer_evaluate(trainer, &loss, NULL, NULL, &samples, NULL));
  CHECK(samples == tiny_training);
  signsym_trainer_free(trainer);
  signsym_dataset_free(training);
  signsym_dataset_free(maker.dataset);
  signsym_config_free(config);
}

TEST(A_run_whose_evaluation_fails_goes_on_with_the_evaluation_and_skips_no_epoch) {
  struct maker maker = a_maker();
  signsym_config *config = tiny_host_config();
  signsym_dataset *training = host_dataset(0);
  signsym_trainer *trainer = NULL;
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, made_by(&maker, make, 0), &trainer, NULL));
  maker.bad_sample = 63;
  maker.answer = 1;
  CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, NULL));
  maker.bad_sample = -1;
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_dataset_free(training);
  signsym_dataset_free(maker.dataset);
  signsym_config_free(config);
}

static int call_back(int64_t index, void *sample, int64_t *label, void *user) {
  struct maker *maker = user;
  if (index == 5) {
    signsym_trainer *other = tiny_trainer(NULL);
    signsym_model *model = NULL;
    tensor *pictures = tiny_samples(1), *logits = NULL;
    CHECK_OK(signsym_trainer_model(maker->trainer, &model, NULL));
    CHECK_OK(signsym_model_predict(model, &pictures->dl_tensor, SIGNSYM_NCHW, 0, &logits, NULL));
    signsym_tensor_free(pictures);
    signsym_tensor_free(logits);
    signsym_model_free(model);
    CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_run(maker->trainer, NULL, NULL));
    CHECK_OK(signsym_trainer_run(other, NULL, NULL));
    signsym_trainer_free(other);
    CHECK(signsym_dataset_size(maker->dataset) == tiny_training);
  }
  return make(index, sample, label, user);
}

TEST(A_function_may_call_the_library) {
  for (int32_t concurrent = 0; concurrent < 2; ++concurrent) {
    struct maker maker = a_maker();
    maker.trainer = train_on(made_by(&maker, call_back, concurrent), NULL, NULL);
    CHECK_OK(signsym_trainer_run(maker.trainer, NULL, NULL));
    check_trained_undisturbed(maker.trainer);
    signsym_trainer_free(maker.trainer);
    signsym_dataset_free(maker.dataset);
    CHECK(maker.gone == 1);
  }
}

static int free_all(int64_t index, void *sample, int64_t *label, void *user) {
  struct maker *maker = user;
  signsym_dataset_free(maker->dataset);
  signsym_trainer_free(maker->trainer);
  CHECK(maker->gone == 0);
  return make(index, sample, label, user);
}

TEST(A_function_may_free_its_own_set_and_trainer) {
  for (int32_t concurrent = 0; concurrent < 2; ++concurrent) {
    struct maker maker = a_maker();
    maker.trainer = train_on(made_by(&maker, free_all, concurrent), "data.loader_threads", "3");
    CHECK_STATUS(SIGNSYM_CANCELLED, signsym_trainer_run(maker.trainer, NULL, NULL));
    check_gone(&maker);
  }
}

/* The first batch comes at once, what lies ahead when the run has returned. */
static int free_ahead(int64_t index, void *sample, int64_t *label, void *user) {
  struct maker *maker = user;
  const struct timespec a_moment = {0, 1000000};
  int ahead, told = 0;
  pthread_mutex_lock(&maker->mutex);
  ahead = maker->calls >= tiny_training / tiny_steps_per_epoch;
  pthread_mutex_unlock(&maker->mutex);
  while (ahead && !told) {
    pthread_mutex_lock(&maker->mutex);
    told = maker->told;
    pthread_mutex_unlock(&maker->mutex);
    nanosleep(&a_moment, NULL);
  }
  return ahead ? free_all(index, sample, label, user) : make(index, sample, label, user);
}

TEST(A_function_that_reads_ahead_between_two_runs_may_free_its_own_set_and_trainer) {
  struct maker maker = a_maker();
  maker.trainer = train_on(made_by(&maker, free_ahead, 1), "data.loader_threads", "1");
  CHECK_OK(signsym_trainer_run_for(maker.trainer, 0, 1, NULL, NULL));
  pthread_mutex_lock(&maker.mutex);
  CHECK(maker.gone == 0);
  maker.told = 1;
  pthread_mutex_unlock(&maker.mutex);
  check_gone(&maker);
}

struct order {
  int gone, samples, listener;
};

static void samples_gone(void *user) { ((struct order *)user)->samples = ++((struct order *)user)->gone; }
static void listener_gone(void *user) { ((struct order *)user)->listener = ++((struct order *)user)->gone; }
static int no_sample(int64_t index, void *sample, int64_t *label, void *user) {
  (void)index, (void)sample, (void)label, (void)user;
  return 1;
}
static int hear(const signsym_event *event, void *user) { return (void)event, (void)user, 0; }

TEST(The_destroy_of_a_listener_comes_when_all_that_its_trainer_held_has_gone) {
  const int64_t shape[] = {3, 32, 32};
  struct order order = {0, 0, 0};
  signsym_config *config = tiny_host_config();
  signsym_dataset *training = NULL;
  signsym_trainer *trainer = NULL;
  CHECK_OK(signsym_dataset_create_from_callback(8, 10, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 0, no_sample, &order,
                                                samples_gone, &training, NULL));
  CHECK_OK(signsym_trainer_create_with(config, NULL, training, NULL, &trainer, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, hear, &order, listener_gone, NULL));
  signsym_dataset_free(training);
  signsym_config_free(config);
  CHECK(order.gone == 0);
  signsym_trainer_free(trainer);
  CHECK(order.samples == 1 && order.listener == 2);
}
