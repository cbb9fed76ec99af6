#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"
#include "fixture.h"

static signsym_config *in_folder(const char *folder) {
  char value[1024];
  signsym_config *config = tiny_config();
  snprintf(value, sizeof value, "\"%s\"", folder);
  CHECK_OK(signsym_config_set(config, "output.folder", value, NULL));
  return config;
}

static int stop_at_3(const signsym_event *event, void *user) {
  (void)user;
  return signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == 3;
}

TEST(A_trainer_has_a_copy_of_its_config) {
  signsym_config *config = tiny_config(), *of_trainer = NULL;
  signsym_trainer *trainer = NULL;
  signsym_bytes *text = NULL;
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_OK(signsym_config_set(config, "train.epochs", "1000000", NULL));
  signsym_config_free(config);
  CHECK_OK(signsym_trainer_config(trainer, &of_trainer, NULL));
  CHECK_OK(signsym_config_write(of_trainer, SIGNSYM_TEXT, &text, NULL));
  CHECK_HAS("epochs: 2", signsym_bytes_data(text));
  CHECK_HAS("momentum: 0.9", signsym_bytes_data(text));
  CHECK(!strstr(signsym_bytes_data(text), "AUTO")); /* decided */
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_bytes_free(text);
  signsym_config_free(of_trainer);
  signsym_trainer_free(trainer);
}

TEST(A_trainer_is_made_from_a_file) {
  char *path = scratch("experiment.json");
  signsym_config *config = tiny_config();
  signsym_bytes *json = NULL;
  signsym_trainer *trainer = NULL;
  CHECK_OK(signsym_config_write(config, SIGNSYM_JSON, &json, NULL));
  write_whole_file(path, signsym_bytes_data(json), signsym_bytes_size(json));
  CHECK_OK(signsym_trainer_create_from_file(path, &trainer, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_bytes_free(json);
  signsym_config_free(config);
  free(path);
}

TEST(What_a_trainer_cannot_be_made_from_is_an_error_with_its_status_and_field) {
  static const struct {
    const char *path, *value;
    signsym_status status;
    const char *field;
  } faults[] = {
      {"optimizer.learning_rate", "-1", SIGNSYM_INVALID_CONFIG, "optimizer.learning_rate"},
      {"feedback.layer[0]", "{ name: \"nowhere\" rule: SHAM }", SIGNSYM_INVALID_CONFIG, "feedback.layer[0].name"},
      {"data.cifar10.path", "\"/no/such/folder\"", SIGNSYM_NOT_FOUND, ""},
      {"data.cifar10.path", "\"/dev/null\"", SIGNSYM_BAD_DATA, ""},
      {"model.weights", "\"/no/such.safetensors\"", SIGNSYM_NOT_FOUND, ""},
      {"output.folder", "\"/dev/null/run\"", SIGNSYM_IO, ""},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; ++i) {
    signsym_config *config = tiny_config();
    signsym_trainer *trainer = NULL;
    signsym_error *error = NULL;
    CHECK_OK(signsym_config_set(config, faults[i].path, faults[i].value, NULL));
    CHECK_STATUS(faults[i].status, signsym_trainer_create(config, &trainer, &error));
    CHECK(signsym_error_status(error) == faults[i].status);
    CHECK_TEXT(faults[i].field, signsym_error_field(error));
    CHECK(*signsym_error_message(error) != '\0');
    CHECK(trainer == NULL);
    signsym_error_free(error);
    signsym_config_free(config);
  }
}

TEST(A_missing_argument_of_a_trainer_is_refused) {
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_create(config, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_create_from_file(NULL, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_create_from_file("x", NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_resume(NULL, NULL, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_resume("x", NULL, NULL, NULL));
  CHECK(trainer == NULL);
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_trainer_config(trainer, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, load_weights(trainer, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, save_weights(trainer, NULL, NULL));
  signsym_trainer_free(trainer);
  signsym_config_free(config);
}

TEST(An_evaluation_gives_what_is_asked_for) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  double loss = NAN, top1 = NAN, top5 = NAN, again = NAN;
  int64_t samples = 0;
  CHECK_OK(signsym_trainer_evaluate(trainer, &loss, &top1, &top5, &samples, NULL));
  CHECK(loss > 0 && top1 >= 0 && top5 >= top1 && top5 <= 100);
  CHECK(samples == tiny_held_out);
  CHECK_OK(signsym_trainer_evaluate(trainer, NULL, NULL, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_evaluate(trainer, &again, NULL, NULL, NULL, NULL));
  CHECK(again == loss);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_evaluate(trainer, &again, NULL, NULL, NULL, NULL));
  CHECK(again != loss);
  signsym_trainer_free(trainer);
}

TEST(Weights_go_to_a_file_and_into_another_trainer) {
  char *path = scratch("weights.safetensors"), *copy = scratch("weights-copy.safetensors");
  signsym_trainer *trained = tiny_trainer(NULL), *fresh = tiny_trainer(NULL);
  double expected = 0, found = 0;
  CHECK_OK(signsym_trainer_run(trained, NULL, NULL));
  CHECK_OK(save_weights(trained, path, NULL));
  CHECK_OK(load_weights(fresh, path, NULL));
  CHECK_OK(save_weights(fresh, copy, NULL));
  CHECK(same_files(path, copy));
  CHECK_OK(signsym_trainer_evaluate(trained, &expected, NULL, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_evaluate(fresh, &found, NULL, NULL, NULL, NULL));
  CHECK(expected == found);
  signsym_trainer_free(trained);
  signsym_trainer_free(fresh);
  free(path);
  free(copy);
}

TEST(Weights_that_do_not_fit_or_are_damaged_change_nothing) {
  char *before = scratch("before.safetensors"), *after = scratch("after.safetensors");
  char *other_model = scratch("other.safetensors"), *damaged = scratch("damaged.safetensors");
  signsym_trainer *trainer = tiny_trainer(NULL), *wide = NULL;
  signsym_config *config = tiny_config();
  signsym_error *error = NULL;
  CHECK_OK(save_weights(trainer, before, NULL));
  CHECK_OK(signsym_config_set(config, "model.resnet_cifar.width", "5", NULL));
  CHECK_OK(signsym_trainer_create(config, &wide, NULL));
  CHECK_OK(save_weights(wide, other_model, NULL));
  write_whole_file(damaged, "not weights at all", 18);

  CHECK_STATUS(SIGNSYM_MISMATCH, load_weights(trainer, other_model, &error));
  CHECK_HAS("(5, 3, 3, 3)", signsym_error_message(error));
  CHECK_HAS("(4, 3, 3, 3)", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_BAD_DATA, load_weights(trainer, damaged, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, load_weights(trainer, "/no/such.safetensors", NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, save_weights(trainer, "/no/such/folder.safetensors", NULL));
  CHECK_OK(save_weights(trainer, after, NULL));
  CHECK(same_files(before, after));
  signsym_trainer_free(trainer);
  signsym_trainer_free(wide);
  signsym_config_free(config);
  free(before), free(after), free(other_model), free(damaged);
}

TEST(A_stopped_run_is_resumed_from_its_folder_to_the_same_bits) {
  char *folder = scratch("resumed");
  signsym_trainer *trainer = tiny_trainer(folder);
  CHECK_OK(signsym_trainer_on_event(trainer, stop_at_3, NULL, NULL, NULL));
  CHECK_STATUS(SIGNSYM_CALLBACK_FAILED, signsym_trainer_run(trainer, NULL, NULL));
  signsym_trainer_free(trainer);
  trainer = NULL;
  CHECK_OK(signsym_trainer_resume(folder, NULL, &trainer, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  free(folder);
}

TEST(A_folder_that_holds_a_run_is_refused_to_a_new_one_and_busy_while_it_is_in_use) {
  char *folder = scratch("taken");
  signsym_config *config = in_folder(folder), *of_run = NULL;
  signsym_trainer *trainer = NULL, *second = NULL;
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_ALREADY_EXISTS, signsym_trainer_create(config, &second, NULL));
  CHECK_STATUS(SIGNSYM_BUSY, signsym_trainer_resume(folder, NULL, &second, NULL));
  CHECK_OK(signsym_config_create_from_run(folder, &of_run, NULL));
  CHECK_OK(signsym_config_check(of_run, NULL));
  signsym_trainer_free(trainer);
  CHECK_STATUS(SIGNSYM_ALREADY_EXISTS, signsym_trainer_create(config, &second, NULL));
  CHECK_OK(signsym_trainer_resume(folder, NULL, &second, NULL));
  signsym_trainer_free(second);
  signsym_config_free(of_run);
  signsym_config_free(config);
  free(folder);
}

TEST(A_run_is_resumed_with_other_places_but_not_with_another_config) {
  char *folder = scratch("moved");
  signsym_config *config = NULL;
  signsym_trainer *trainer = tiny_trainer(folder);
  signsym_trainer_free(trainer);
  trainer = NULL;
  CHECK_OK(signsym_config_create_from_run(folder, &config, NULL));
  CHECK_OK(signsym_config_set(config, "output.folder", "\"/no/such\"", NULL));
  CHECK_OK(signsym_trainer_resume(folder, config, &trainer, NULL));
  signsym_trainer_free(trainer);
  trainer = NULL;
  CHECK_OK(signsym_config_set(config, "seed", "2", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_trainer_resume(folder, config, &trainer, NULL));
  CHECK(trainer == NULL);
  signsym_config_free(config);
  free(folder);
}

TEST(What_cannot_be_resumed_is_an_error) {
  static char long_name[6000];
  char *empty = scratch("empty"), *file = scratch("a-file");
  signsym_trainer *trainer = NULL;
  CHECK(mkdir(empty, 0777) == 0);
  write_whole_file(file, "x", 1);
  memset(long_name, 'x', sizeof long_name - 1);
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_trainer_resume("/no/such", NULL, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_trainer_resume(empty, NULL, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_trainer_resume(file, NULL, &trainer, NULL));
  CHECK_STATUS(SIGNSYM_IO, signsym_trainer_resume(long_name, NULL, &trainer, NULL));
  CHECK(trainer == NULL);
  free(empty);
  free(file);
}
