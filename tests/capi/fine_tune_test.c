/* A model that the application holds, and the trainers that take it: a new head, frozen parameters, whose it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

enum { classes = 10 };

static signsym_model *model_of(const char *setting, const char *value) {
  signsym_config *config = tiny_host_config();
  signsym_model *model = NULL;
  if (setting) CHECK_OK(signsym_config_set(config, setting, value, NULL));
  CHECK_OK(signsym_model_create(config, &model, NULL));
  signsym_config_free(config);
  return model;
}

static signsym_model *tiny_model(void) { return model_of(NULL, NULL); }

static const float *values(const struct DLManagedTensorVersioned *tensor) {
  return (const float *)((const char *)tensor->dl_tensor.data + tensor->dl_tensor.byte_offset);
}

static signsym_bytes *config_text(const signsym_model *model) {
  signsym_config *config = NULL;
  signsym_bytes *text = NULL;
  CHECK_OK(signsym_model_config(model, &config, NULL));
  CHECK_OK(signsym_config_write(config, SIGNSYM_TEXT, &text, NULL));
  signsym_config_free(config);
  return text;
}

TEST(A_new_head_leaves_every_other_tensor_as_it_was) {
  signsym_model *model = tiny_model(), *before = tiny_model();
  struct DLManagedTensorVersioned *a = NULL, *b = NULL;
  CHECK_OK(signsym_model_replace_head(model, 5, NULL));
  for (int64_t i = 0; i < signsym_model_tensor_count(model); ++i) {
    const char *name = signsym_model_tensor_name(model, i);
    CHECK_OK(signsym_model_tensor(model, name, &a, NULL));
    CHECK_OK(signsym_model_tensor(before, name, &b, NULL));
    if (strncmp(name, "fc.", 3) == 0)
      CHECK(a->dl_tensor.shape[0] == 5 && b->dl_tensor.shape[0] == classes);
    else if (a->dl_tensor.ndim > 0)
      CHECK(a->dl_tensor.shape[0] == b->dl_tensor.shape[0] &&
            memcmp(a->dl_tensor.data, b->dl_tensor.data, 4 * (size_t)a->dl_tensor.shape[0]) == 0);
    signsym_tensor_free(a);
    signsym_tensor_free(b);
  }
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_replace_head(model, 0, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_model_replace_head(model, INT64_MAX, NULL));
  signsym_model_free(model);
  signsym_model_free(before);
}

TEST(A_new_head_leaves_the_fixed_feedback_weights_of_the_other_layers) {
  signsym_model *model = model_of("feedback.rule", "FEEDBACK_ALIGNMENT_SIGNED_INIT");
  signsym_dataset *training = host_dataset(0);
  signsym_config *config = tiny_host_config();
  signsym_trainer *trainer = NULL;
  struct DLManagedTensorVersioned *before = NULL, *after = NULL;
  CHECK_OK(signsym_trainer_create_with(config, model, training, NULL, &trainer, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL)); /* some signs of W change */
  signsym_trainer_free(trainer);
  CHECK_OK(signsym_model_feedback_weight(model, "layer1.0.conv1", &before, NULL));
  CHECK_OK(signsym_model_replace_head(model, 5, NULL));
  CHECK_OK(signsym_model_feedback_weight(model, "layer1.0.conv1", &after, NULL));
  CHECK(memcmp(values(before), values(after), sizeof(float) * 4 * 4 * 3 * 3) == 0);
  signsym_tensor_free(before);
  signsym_tensor_free(after);
  CHECK_OK(signsym_model_feedback_weight(model, "fc", &after, NULL));
  CHECK(after->dl_tensor.shape[0] == 5);
  signsym_tensor_free(after);
  signsym_dataset_free(training);
  signsym_config_free(config);
  signsym_model_free(model);
}

TEST(Frozen_parameters_stay_bit_for_bit_and_the_others_learn) {
  signsym_config *config = tiny_host_config();
  signsym_model *model = tiny_model();
  signsym_dataset *training = host_dataset(0);
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  struct DLManagedTensorVersioned *conv = NULL, *fc = NULL;
  float conv_before[9], fc_before[9];
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_freeze(model, "layer9.*", 1, &error));
  CHECK_HAS("layer1.0.conv1.weight", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_OK(signsym_model_freeze(model, "*", 1, NULL));
  CHECK_OK(signsym_model_freeze(model, "fc.*", 0, NULL));
  CHECK_OK(signsym_model_tensor(model, "layer1.0.conv1.weight", &conv, NULL));
  CHECK_OK(signsym_model_tensor(model, "fc.weight", &fc, NULL));
  memcpy(conv_before, values(conv), sizeof conv_before);
  memcpy(fc_before, values(fc), sizeof fc_before);
  CHECK_OK(signsym_trainer_create_with(config, model, training, NULL, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_model_freeze(model, "fc.*", 1, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_model_replace_head(model, 3, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(memcmp(conv_before, values(conv), sizeof conv_before) == 0);
  CHECK(memcmp(fc_before, values(fc), sizeof fc_before) != 0);
  signsym_trainer_free(trainer);
  CHECK_OK(signsym_model_freeze(model, "fc.*", 1, NULL)); /* no trainer has it any more */
  signsym_tensor_free(conv);
  signsym_tensor_free(fc);
  signsym_dataset_free(training);
  signsym_model_free(model);
  signsym_config_free(config);
}

TEST(A_model_is_trained_by_one_trainer_at_a_time) {
  signsym_config *config = tiny_host_config();
  signsym_model *model = NULL;
  signsym_trainer *first = NULL, *second = NULL;
  CHECK_OK(signsym_model_create(config, &model, NULL));
  CHECK_OK(signsym_trainer_create_with(config, model, NULL, NULL, &first, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_create_with(config, model, NULL, NULL, &second, NULL));
  signsym_trainer_free(first);
  CHECK_OK(signsym_trainer_create_with(config, model, NULL, NULL, &second, NULL));
  signsym_trainer_free(second);
  signsym_model_free(model);
  signsym_config_free(config);
}

/* The trainer of this setting cannot be made; the model is free and as it was. */
static void check_refused(signsym_model *model, const char *setting, const char *value, signsym_status status) {
  signsym_config *config = tiny_host_config();
  signsym_trainer *trainer = NULL;
  signsym_dataset *training = host_dataset(0);
  signsym_bytes *before = config_text(model), *after;
  CHECK_OK(signsym_config_set(config, "optimizer.freeze[0]", "conv1.*", NULL));
  CHECK_OK(signsym_config_set(config, setting, value, NULL));
  CHECK_STATUS(status, signsym_trainer_create_with(config, model, training, NULL, &trainer, NULL));
  CHECK(trainer == NULL);
  after = config_text(model);
  CHECK_TEXT((const char *)signsym_bytes_data(before), (const char *)signsym_bytes_data(after));
  CHECK_OK(signsym_model_freeze(model, "bn1.*", 0, NULL)); /* not busy; writes down what is frozen */
  signsym_bytes_free(after);
  after = config_text(model);
  CHECK(strstr((const char *)signsym_bytes_data(after), "freeze") == NULL);
  signsym_bytes_free(before);
  signsym_bytes_free(after);
  signsym_dataset_free(training);
  signsym_config_free(config);
}

TEST(A_trainer_that_could_not_be_made_leaves_the_model_free_and_as_it_was) {
  signsym_model *model = tiny_model();
  char *file = scratch("a-file");
  write_whole_file(file, "", 0);
  check_refused(model, "optimizer.no_decay[0]", "layer9.*", SIGNSYM_INVALID_CONFIG);
  check_refused(model, "optimizer.freeze[1]", "layer9.*", SIGNSYM_INVALID_CONFIG);
  check_refused(model, "output.folder", file, SIGNSYM_IO);
  free(file);
  signsym_model_free(model);
}

TEST(What_is_frozen_in_a_model_or_in_a_config_is_frozen_in_the_run_and_in_its_resumption) {
  char *folder = scratch("frozen-run");
  signsym_dataset *training = host_dataset(0), *held_out = host_dataset(1);
  signsym_model *model = tiny_model();
  signsym_config *config = tiny_host_config();
  signsym_trainer *trainer = NULL;
  struct DLManagedTensorVersioned *conv = NULL, *norm = NULL, *fc = NULL;
  float before[3];
  CHECK_OK(signsym_model_freeze(model, "conv1.*", 1, NULL));
  CHECK_OK(signsym_config_set(config, "optimizer.freeze[0]", "bn1.*", NULL));
  CHECK_OK(signsym_config_set(config, "output.folder", folder, NULL));
  CHECK_OK(signsym_trainer_create_with(config, model, training, held_out, &trainer, NULL));
  CHECK_OK(signsym_trainer_run_for(trainer, 1, 0, NULL, NULL));
  signsym_trainer_free(trainer);
  signsym_model_free(model);

  CHECK_OK(signsym_trainer_resume_with(folder, NULL, training, held_out, &trainer, NULL));
  CHECK_OK(signsym_trainer_model(trainer, &model, NULL));
  CHECK_OK(signsym_model_tensor(model, "conv1.weight", &conv, NULL));
  CHECK_OK(signsym_model_tensor(model, "bn1.weight", &norm, NULL));
  CHECK_OK(signsym_model_tensor(model, "fc.weight", &fc, NULL));
  before[0] = values(conv)[0], before[1] = values(norm)[0], before[2] = values(fc)[0];
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(values(conv)[0] == before[0] && values(norm)[0] == before[1] && values(fc)[0] != before[2]);
  signsym_trainer_free(trainer);
  signsym_tensor_free(conv);
  signsym_tensor_free(norm);
  signsym_tensor_free(fc);
  signsym_model_free(model);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
  signsym_config_free(config);
  free(folder);
}
