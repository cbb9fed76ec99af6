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

/* As RFC 3629 has it. */
static int is_utf8(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
  while (*c) {
    const int more = *c < 0x80 ? 0 : *c < 0xC2 ? -1 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : *c < 0xF5 ? 3 : -1;
    if (more < 0 || (*c == 0xE0 && c[1] < 0xA0) || (*c == 0xED && c[1] > 0x9F) || (*c == 0xF0 && c[1] < 0x90) ||
        (*c == 0xF4 && c[1] > 0x8F))
      return 0;
    for (int i = 0; i < more; ++i)
      if ((*++c & 0xC0) != 0x80) return 0;
    ++c;
  }
  return 1;
}

/* The call failed; its texts are UTF-8, and the message has `part`. Frees the error. */
static void check_readable(signsym_status status, signsym_error *error, const char *part) {
  CHECK(status != SIGNSYM_OK && status != SIGNSYM_INTERNAL);
  CHECK(is_utf8(signsym_error_message(error)) && is_utf8(signsym_error_field(error)));
  CHECK_HAS(part, signsym_error_message(error));
  signsym_error_free(error);
}

TEST(An_error_is_UTF_8_whatever_bytes_were_given) {
  /* a byte of no character, an overlong form, a surrogate, a character that is cut off */
  static const char *const bad[] = {"a\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82"};
  static const char *const shown[] = {"a\\xFF", "\\xC0\\xAF", "\\xED\\xA0\\x80", "\\xE2\\x82"};
  signsym_config *config = tiny_config(), *made = NULL;
  signsym_model *model = NULL;
  signsym_trainer *trainer = tiny_trainer(NULL);
  struct DLManagedTensorVersioned *tensor = NULL;
  signsym_error *e = NULL;
  signsym_status status;
  CHECK_OK(signsym_trainer_model(trainer, &model, NULL));
  for (int i = 0; i < 4; ++i) {
    char path[64] = "train.", header[128] = "........{\"", name[64] = "name: \"";
    status = signsym_config_create_from_file(bad[i], &made, &e);
    check_readable(status, e, shown[i]);
    status = signsym_config_create("{{", 2, SIGNSYM_TEXT, bad[i], &made, &e);
    check_readable(status, e, shown[i]);
    status = signsym_config_create(strcat(strcat(name, bad[i]), "\""), SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &made, &e);
    check_readable(status, e, "UTF-8");
    status = signsym_config_create(bad[i], SIGNSYM_TEXT_LENGTH, SIGNSYM_JSON, NULL, &made, &e);
    check_readable(status, e, "JSON");
    status = signsym_config_set(config, strcat(path, bad[i]), "1", &e);
    check_readable(status, e, shown[i]);
    status = signsym_config_set(config, "train.epochs", bad[i], &e);
    check_readable(status, e, "train.epochs");
    status = signsym_trainer_resume(bad[i], NULL, &trainer, &e);
    check_readable(status, e, shown[i]);
    status = signsym_model_load_weights(model, bad[i], &e);
    check_readable(status, e, shown[i]);
    status = signsym_model_tensor(model, bad[i], &tensor, &e);
    check_readable(status, e, shown[i]);
    status = signsym_model_alignment(model, bad[i], NULL, NULL, &e);
    check_readable(status, e, shown[i]);
    strcat(strcat(header, bad[i]), "\": 1}");
    memcpy(header, (const char[8]){(char)(strlen(header) - 8)}, 8);
    status = signsym_trainer_restore(trainer, header, 8 + strlen(header + 8), bad[i], &e);
    check_readable(status, e, shown[i]);
  }
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_tensor(model, "‖é‖", &tensor, &e));
  CHECK_HAS("‖é‖", signsym_error_message(e)); /* what is UTF-8 stays as it is */
  signsym_error_free(e);
  CHECK(!made && !tensor);
  signsym_model_free(model);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
}
