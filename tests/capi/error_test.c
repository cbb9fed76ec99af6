#include "check.h"
#include "fixture.h"

TEST(An_error_carries_status_message_and_the_field_at_fault) {
  signsym_config *config = tiny_config();
  signsym_error *error = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "optimizer.learning_rate", "fast", &error));
  CHECK(signsym_error_status(error) == SIGNSYM_INVALID_CONFIG);
  CHECK_TEXT("optimizer.learning_rate", signsym_error_field(error));
  CHECK_HAS("tiny: optimizer.learning_rate", signsym_error_message(error));
  CHECK_HAS("fast", signsym_error_message(error));
  signsym_config_free(config);
  CHECK_TEXT("optimizer.learning_rate", signsym_error_field(error)); /* it outlives what it tells of */
  signsym_error_free(error);
}

TEST(The_error_object_is_optional) {
  signsym_config *config = tiny_config();
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "no.such", "1", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_set(config, NULL, "1", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_set(NULL, "train.epochs", "1", NULL));
  signsym_config_free(config);
}

TEST(An_error_is_untouched_on_success_and_replaced_not_freed_on_failure) {
  signsym_error *const first = an_error();
  signsym_error *error = first;
  signsym_config *config = tiny_config();
  CHECK_OK(signsym_config_set(config, "train.epochs", "3", &error));
  CHECK(error == first);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "seed", "x", &error));
  CHECK(error != first);
  CHECK_TEXT("train.epochs", signsym_error_field(first));
  CHECK_TEXT("seed", signsym_error_field(error));
  signsym_error_free(first);
  signsym_error_free(error);
  signsym_config_free(config);
}

TEST(An_error_names_the_parameter_that_is_missing) {
  signsym_error *error = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_create_from_file("a.json", NULL, &error));
  CHECK_HAS("out is NULL", signsym_error_message(error));
  CHECK_TEXT("", signsym_error_field(error));
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_INVALID_HANDLE, signsym_config_check(NULL, &error));
  CHECK_HAS("config is NULL", signsym_error_message(error));
  signsym_error_free(error);
}
