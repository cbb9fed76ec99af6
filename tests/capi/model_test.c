/* Models as things of their own: their tensors, their predictions, their feedback. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

enum { classes = 10 };

static signsym_model *tiny_model(void) {
  signsym_config *config = tiny_host_config();
  signsym_model *model = NULL;
  CHECK_OK(signsym_model_create(config, &model, NULL));
  signsym_config_free(config);
  return model;
}

static const float *values(const struct DLManagedTensorVersioned *tensor) {
  return (const float *)((const char *)tensor->dl_tensor.data + tensor->dl_tensor.byte_offset);
}

/* Of the held-out pictures: malloc'ed, tiny_held_out × classes. */
static float *predictions(const signsym_model *model, signsym_predict_flags flags) {
  struct DLManagedTensorVersioned *samples = tiny_samples(1), *out = NULL;
  float *copy = malloc(sizeof(float) * tiny_held_out * classes);
  CHECK_OK(signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, flags, &out, NULL));
  CHECK(out->dl_tensor.ndim == 2 && out->dl_tensor.shape[0] == tiny_held_out && out->dl_tensor.shape[1] == classes);
  memcpy(copy, values(out), sizeof(float) * tiny_held_out * classes);
  signsym_tensor_free(out);
  signsym_tensor_free(samples);
  return copy;
}

static int same(const float *a, const float *b, size_t count) { return memcmp(a, b, count * sizeof *a) == 0; }

TEST(A_model_is_made_from_a_config_without_data) {
  signsym_model *model = tiny_model();
  CHECK(signsym_model_tensor_count(model) > 20);
  CHECK_TEXT("conv1.weight", signsym_model_tensor_name(model, 0));
  CHECK(signsym_model_tensor_is_parameter(model, 0) == 1);
  CHECK_TEXT("bn1.running_mean", signsym_model_tensor_name(model, 3));
  CHECK(signsym_model_tensor_is_parameter(model, 3) == 0);
  CHECK_TEXT("", signsym_model_tensor_name(model, -1));
  CHECK_TEXT("", signsym_model_tensor_name(model, 1000));
  CHECK(signsym_model_tensor_is_parameter(model, 1000) == 0);
  signsym_model_free(model);
}

TEST(A_model_on_data_of_the_application_needs_its_shape) {
  signsym_config *config = tiny_host_config(), *plain = NULL;
  signsym_model *model = NULL;
  signsym_error *error = NULL;
  const char *text = "data { host {} } model { lenet { classes: 3 } }";
  CHECK_OK(signsym_config_create(text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &plain, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_model_create(plain, &model, &error));
  CHECK_TEXT("model.input", signsym_error_field(error));
  CHECK(model == NULL);
  signsym_error_free(error);
  signsym_config_free(config);
  signsym_config_free(plain);
}

TEST(A_tensor_is_read_in_place_and_a_written_one_shows_in_it) {
  signsym_model *model = tiny_model();
  struct DLManagedTensorVersioned *bias = NULL, *again = NULL, *new_bias = NULL, *wrong = NULL;
  float ones[classes];
  const int64_t ten = classes, two_five[] = {2, 5};
  const int64_t huge[] = {INT64_C(1) << 40}, nowhere[] = {0}; /* one value so many times: not to be copied */
  for (int i = 0; i < classes; ++i) ones[i] = 1 + i;
  CHECK_OK(signsym_model_tensor(model, "fc.bias", &bias, NULL));
  CHECK(bias->flags & DLPACK_FLAG_BITMASK_READ_ONLY);
  CHECK(bias->dl_tensor.ndim == 1 && bias->dl_tensor.shape[0] == classes);
  CHECK_OK(signsym_tensor_wrap(ones, SIGNSYM_F32, &ten, NULL, 1, NULL, NULL, &new_bias, NULL));
  CHECK_OK(signsym_model_set_tensor(model, "fc.bias", &new_bias->dl_tensor, NULL));
  CHECK(same(values(bias), ones, classes));
  CHECK_OK(signsym_model_tensor(model, "fc.bias", &again, NULL));
  CHECK(values(again) == values(bias));

  CHECK_OK(signsym_tensor_wrap(ones, SIGNSYM_F32, huge, nowhere, 1, NULL, NULL, &wrong, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_set_tensor(model, "fc.bias", &wrong->dl_tensor, NULL));
  signsym_tensor_free(wrong);
  wrong = NULL;
  CHECK_OK(signsym_tensor_wrap(ones, SIGNSYM_F32, two_five, NULL, 2, NULL, NULL, &wrong, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_set_tensor(model, "fc.bias", &wrong->dl_tensor, NULL));
  signsym_tensor_free(wrong);
  wrong = NULL;
  CHECK_OK(signsym_tensor_wrap(ones, SIGNSYM_I32, &ten, NULL, 1, NULL, NULL, &wrong, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_set_tensor(model, "fc.bias", &wrong->dl_tensor, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_set_tensor(model, "fc.none", &new_bias->dl_tensor, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_tensor(model, "fc", &again, NULL));
  CHECK(same(values(bias), ones, classes));

  signsym_model_free(model); /* what is out lives on */
  CHECK(same(values(bias), ones, classes));
  signsym_tensor_free(bias);
  signsym_tensor_free(again);
  signsym_tensor_free(new_bias);
  signsym_tensor_free(wrong);
}

TEST(A_prediction_is_the_same_however_the_pictures_lie) {
  static unsigned char interleaved[tiny_held_out * tiny_picture];
  static float scaled[tiny_held_out * tiny_picture], normalized[tiny_held_out * tiny_picture];
  static const float mean[] = {0.4914f, 0.4822f, 0.4465f}, deviation[] = {0.2470f, 0.2435f, 0.2616f};
  const int64_t nchw[] = {tiny_held_out, 3, 32, 32}, nhwc[] = {tiny_held_out, 32, 32, 3};
  const struct {
    void *data;
    signsym_type type;
    signsym_layout layout;
    signsym_predict_flags flags;
  } forms[] = {{interleaved, SIGNSYM_U8, SIGNSYM_NHWC, 0},
               {scaled, SIGNSYM_F32, SIGNSYM_NCHW, 0},
               {normalized, SIGNSYM_F32, SIGNSYM_NCHW, SIGNSYM_AS_IS}};
  signsym_model *model = tiny_model();
  const unsigned char *pictures = tiny_pictures(1);
  float *expected = predictions(model, 0);
  for (int n = 0; n < tiny_held_out; ++n)
    for (int c = 0; c < 3; ++c)
      for (int i = 0; i < 1024; ++i) {
        const int from = n * tiny_picture + c * 1024 + i;
        interleaved[n * tiny_picture + i * 3 + c] = pictures[from];
        scaled[from] = (float)pictures[from] / 255.0f;
        normalized[from] = (scaled[from] - mean[c]) / deviation[c];
      }
  for (size_t i = 0; i < sizeof forms / sizeof *forms; ++i) {
    struct DLManagedTensorVersioned *in = NULL, *out = NULL;
    CHECK_OK(signsym_tensor_wrap(forms[i].data, forms[i].type, forms[i].layout == SIGNSYM_NHWC ? nhwc : nchw, NULL, 4,
                                 NULL, NULL, &in, NULL));
    CHECK_OK(signsym_model_predict(model, &in->dl_tensor, forms[i].layout, forms[i].flags, &out, NULL));
    CHECK(same(values(out), expected, tiny_held_out * classes));
    signsym_tensor_free(in);
    signsym_tensor_free(out);
  }
  free(expected);
  signsym_model_free(model);
}

TEST(Probabilities_are_the_softmax_of_the_logits) {
  signsym_model *model = tiny_model();
  float *logits = predictions(model, 0), *probabilities = predictions(model, SIGNSYM_PROBABILITIES);
  for (int n = 0; n < tiny_held_out; ++n) {
    double sum = 0;
    for (int c = 0; c < classes; ++c) sum += exp(logits[n * classes + c]);
    for (int c = 0; c < classes; ++c)
      CHECK(fabs(exp(logits[n * classes + c]) / sum - probabilities[n * classes + c]) < 1e-6);
  }
  free(logits);
  free(probabilities);
  signsym_model_free(model);
}

TEST(Samples_of_another_shape_are_refused_in_words) {
  signsym_model *model = tiny_model();
  signsym_error *error = NULL;
  struct DLManagedTensorVersioned *samples = tiny_samples(1), *out = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,
               signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NHWC, 0, &out, &error));
  CHECK_HAS("3 × 32 × 32", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, 64, &out, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_predict(model, &samples->dl_tensor, 7, 0, &out, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, SIGNSYM_AS_IS,
                                                               &out, NULL)); /* bytes are not as they must be */
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_predict(model, NULL, SIGNSYM_NCHW, 0, &out, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, 0, NULL, NULL));
  CHECK(out == NULL);
  signsym_tensor_free(samples);
  signsym_model_free(model);
}

static int highest(const float *row) {
  int best = 0;
  for (int c = 1; c < classes; ++c)
    if (row[c] > row[best]) best = c;
  return best;
}

TEST(Predictions_of_a_trained_model_are_as_right_as_its_evaluation_says) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  signsym_model *model = NULL;
  double top1 = 0;
  int right = 0;
  float *rows;
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_evaluate(trainer, NULL, &top1, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_model(trainer, &model, NULL));
  signsym_trainer_free(trainer); /* the model lives on */
  rows = predictions(model, 0);
  for (int n = 0; n < tiny_held_out; ++n) right += highest(rows + n * classes) == tiny_labels(1)[n];
  CHECK(fabs(100.0 * right / tiny_held_out - top1) < 1e-9);
  free(rows);
  signsym_model_free(model);
}

TEST(A_model_is_loaded_from_a_run_or_a_checkpoint_without_its_data) {
  char *folder = scratch("run-to-load"), *file = scratch("run-to-load/checkpoint-8.safetensors");
  signsym_trainer *trainer = tiny_trainer(folder);
  const char *const paths[] = {folder, file};
  signsym_model *trained = NULL, *model = NULL;
  float *expected;
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_model(trainer, &trained, NULL));
  expected = predictions(trained, 0);
  for (int i = 0; i < 2; ++i) {
    float *found;
    CHECK_OK(signsym_model_load(paths[i], &model, NULL));
    found = predictions(model, 0);
    CHECK(same(found, expected, tiny_held_out * classes));
    CHECK_TEXT("SIGN_SYMMETRY", signsym_model_layer_rule(model, 0));
    free(found);
    signsym_model_free(model);
  }
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_load("/no/such", &model, NULL));
  CHECK_STATUS(SIGNSYM_BAD_DATA, signsym_model_load("/dev/null", &model, NULL));
  signsym_model_free(trained);
  signsym_trainer_free(trainer);
  free(expected), free(folder), free(file);
}

/* Logits after each step, of an undisturbed run. */
struct record {
  signsym_model *model;
  float *after[tiny_steps + 1];
  int steps;
};

static int record_step(const signsym_event *event, void *user) {
  struct record *record = user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP) record->after[++record->steps] = predictions(record->model, 0);
  return 0;
}

struct predictor {
  signsym_model *model;
  const struct record *record;
  int stop, made;
};

static void *predict_on(void *user) {
  struct predictor *p = user;
  while (!__atomic_load_n(&p->stop, __ATOMIC_SEQ_CST)) {
    float *found = predictions(p->model, 0);
    int known = 0;
    for (int i = 0; i <= tiny_steps; ++i) known |= same(found, p->record->after[i], tiny_held_out * classes);
    CHECK(known);
    ++p->made;
    free(found);
  }
  return NULL;
}

TEST(Predictions_from_two_threads_during_training_are_of_the_weights_between_two_steps) {
  struct record record = {0};
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct predictor predictors[2] = {{0}};
  pthread_t threads[2];
  CHECK_OK(signsym_trainer_model(trainer, &record.model, NULL));
  record.after[0] = predictions(record.model, 0);
  CHECK_OK(signsym_trainer_on_event(trainer, record_step, &record, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(record.steps == tiny_steps);
  signsym_trainer_free(trainer);
  signsym_model_free(record.model);

  trainer = tiny_trainer(NULL);
  for (int i = 0; i < 2; ++i) {
    predictors[i].record = &record;
    CHECK_OK(signsym_trainer_model(trainer, &predictors[i].model, NULL));
    CHECK(pthread_create(&threads[i], NULL, predict_on, &predictors[i]) == 0);
  }
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  for (int i = 0; i < 2; ++i) {
    __atomic_store_n(&predictors[i].stop, 1, __ATOMIC_SEQ_CST);
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(predictors[i].made > 0);
    signsym_model_free(predictors[i].model);
  }
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  for (int i = 0; i <= tiny_steps; ++i) free(record.after[i]);
}

struct writer {
  signsym_model *model;
  struct DLManagedTensorVersioned *values;
};

static void *write_bias(void *user) {
  struct writer *writer = user;
  CHECK_OK(signsym_model_set_tensor(writer->model, "fc.bias", &writer->values->dl_tensor, NULL));
  return NULL;
}

static int write_once(const signsym_event *event, void *user) {
  pthread_t thread;
  if (signsym_event_type(event) != SIGNSYM_EVENT_STEP || signsym_event_step(event) != tiny_steps / 2) return 0;
  CHECK(pthread_create(&thread, NULL, write_bias, user) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  return 0;
}

TEST(A_weight_that_another_thread_writes_during_a_run_counts_from_the_next_step_on) {
  float far_away[classes], moved = 0;
  const int64_t ten = classes;
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct writer writer = {NULL, NULL};
  struct DLManagedTensorVersioned *bias = NULL;
  for (int i = 0; i < classes; ++i) far_away[i] = 100;
  CHECK_OK(signsym_tensor_wrap(far_away, SIGNSYM_F32, &ten, NULL, 1, NULL, NULL, &writer.values, NULL));
  CHECK_OK(signsym_trainer_model(trainer, &writer.model, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, write_once, &writer, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_model_tensor(writer.model, "fc.bias", &bias, NULL));
  for (int i = 0; i < classes; ++i) {
    CHECK(values(bias)[i] > 90);
    moved += values(bias)[i] != 100;
  }
  CHECK(moved > 0); /* the steps that followed have learned on */
  signsym_tensor_free(bias);
  signsym_tensor_free(writer.values);
  signsym_model_free(writer.model);
  signsym_trainer_free(trainer);
}

TEST(Each_layer_tells_its_rule_its_feedback_weight_and_how_well_it_is_aligned) {
  signsym_model *model = tiny_model();
  const int64_t layers = signsym_model_layer_count(model);
  CHECK(layers == 10);
  CHECK_TEXT("conv1", signsym_model_layer_name(model, 0));
  CHECK_TEXT("fc", signsym_model_layer_name(model, layers - 1));
  CHECK_TEXT("", signsym_model_layer_name(model, layers));
  CHECK_TEXT("", signsym_model_layer_rule(model, -1));
  for (int64_t i = 0; i < layers; ++i) {
    double angle = NAN, ratio = NAN;
    CHECK_TEXT("SIGN_SYMMETRY", signsym_model_layer_rule(model, i));
    CHECK_OK(signsym_model_alignment(model, signsym_model_layer_name(model, i), &angle, &ratio, NULL));
    CHECK(angle > 15 && angle < 50 && fabs(ratio - 1) < 1e-5); /* WEIGHT_RMS: B has the norm of W */
  }
  CHECK_OK(signsym_model_alignment(model, "fc", NULL, NULL, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_alignment(model, "fc.weight", NULL, NULL, NULL));

  struct DLManagedTensorVersioned *b = NULL, *w = NULL;
  CHECK_OK(signsym_model_feedback_weight(model, "fc", &b, NULL));
  CHECK_OK(signsym_model_tensor(model, "fc.weight", &w, NULL));
  CHECK(b->dl_tensor.shape[0] == classes && b->dl_tensor.shape[1] == w->dl_tensor.shape[1]);
  for (int64_t i = 0; i < classes * w->dl_tensor.shape[1]; ++i) CHECK(signbit(values(b)[i]) == signbit(values(w)[i]));
  signsym_tensor_free(b);
  signsym_tensor_free(w);
  signsym_model_free(model);
}

TEST(A_path_that_the_system_refuses_is_an_error_of_input_and_output) {
  static char path[8192];
  signsym_model *model = NULL;
  signsym_error *error = NULL;
  memset(path, 'a', sizeof path - 1);
  CHECK_STATUS(SIGNSYM_IO, signsym_model_load(path, &model, &error));
  CHECK(*signsym_error_message(error) && !model);
  signsym_error_free(error);
}
