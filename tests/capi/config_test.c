#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"
#include "fixture.h"

static signsym_bytes *written(const signsym_config *config, signsym_format format) {
  signsym_bytes *bytes = NULL;
  CHECK_OK(signsym_config_write(config, format, &bytes, NULL));
  return bytes;
}

static signsym_config *parsed(const signsym_bytes *bytes, signsym_format format) {
  signsym_config *config = NULL;
  CHECK_OK(signsym_config_create(signsym_bytes_data(bytes), signsym_bytes_size(bytes), format, NULL, &config, NULL));
  return config;
}

static void check_same(signsym_config *a, signsym_config *b) {
  signsym_bytes *x = written(a, SIGNSYM_BINARY), *y = written(b, SIGNSYM_BINARY);
  CHECK(signsym_bytes_size(x) == signsym_bytes_size(y));
  CHECK(memcmp(signsym_bytes_data(x), signsym_bytes_data(y), signsym_bytes_size(x)) == 0);
  signsym_bytes_free(x);
  signsym_bytes_free(y);
}

static char *hash_of(const signsym_config *config) {
  signsym_bytes *bytes = NULL;
  char *hash = malloc(65);
  CHECK_OK(signsym_config_hash(config, &bytes, NULL));
  CHECK(signsym_bytes_size(bytes) == 64);
  CHECK(strspn(signsym_bytes_data(bytes), "0123456789abcdef") == 64);
  strcpy(hash, signsym_bytes_data(bytes));
  signsym_bytes_free(bytes);
  return hash;
}

TEST(A_config_goes_through_text_JSON_and_binary_unchanged) {
  signsym_config *config = tiny_config();
  for (signsym_format format = SIGNSYM_TEXT; format <= SIGNSYM_BINARY; ++format) {
    signsym_bytes *bytes = written(config, format);
    signsym_config *again = parsed(bytes, format);
    check_same(config, again);
    signsym_bytes_free(bytes);
    signsym_config_free(again);
  }
  signsym_config_free(config);
}

TEST(Only_the_given_length_of_a_config_is_read) {
  static const char text[] = "seed: 7}} and more that is not read";
  signsym_config *config = NULL;
  signsym_bytes *bytes = NULL;
  CHECK_OK(signsym_config_create(text, 7, SIGNSYM_TEXT, NULL, &config, NULL));
  bytes = written(config, SIGNSYM_TEXT);
  CHECK_HAS("seed: 7", signsym_bytes_data(bytes));
  signsym_bytes_free(bytes);
  signsym_config_free(config);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG,
               signsym_config_create(text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &config, NULL));
}

TEST(An_empty_config_is_a_config_in_which_much_is_missing) {
  signsym_config *config = NULL;
  signsym_error *error = NULL;
  CHECK_OK(signsym_config_create(NULL, 0, SIGNSYM_TEXT, NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_check(config, &error));
  CHECK_TEXT("data", signsym_error_field(error));
  signsym_error_free(error);
  signsym_config_free(config);
}

TEST(Arguments_that_describe_no_bytes_are_refused) {
  signsym_config *const before = (signsym_config *)(void *)&(int){0};
  signsym_config *config = before;
  signsym_error *error = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_create(NULL, 5, SIGNSYM_TEXT, NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,
               signsym_config_create(NULL, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,
               signsym_config_create("", SIGNSYM_TEXT_LENGTH, SIGNSYM_BINARY, NULL, &config, &error));
  CHECK_HAS("binary", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_create("", 0, SIGNSYM_TEXT, NULL, NULL, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create("", UINT64_MAX - 1, SIGNSYM_TEXT, NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create("", INT64_MAX, SIGNSYM_JSON, NULL, &config, NULL));
  CHECK(config == before);
}

TEST(A_format_that_is_none_is_refused) {
  static const signsym_format none[] = {0, 4, -1, INT32_MIN, INT32_MAX};
  signsym_config *config = tiny_config(), *made = NULL;
  signsym_bytes *bytes = NULL;
  for (size_t i = 0; i < sizeof none / sizeof *none; ++i) {
    CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_create("", 0, none[i], NULL, &made, NULL));
    CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_write(config, none[i], &bytes, NULL));
  }
  CHECK(!made && !bytes);
  signsym_config_free(config);
}

TEST(An_error_names_the_source_with_line_and_column) {
  signsym_config *config = NULL;
  signsym_error *error = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create("seed: 1\ntrian {}", SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT,
                                                             "mine.textproto", &config, &error));
  CHECK_HAS("mine.textproto:2:", signsym_error_message(error));
  CHECK_HAS("trian", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create("{", 1, SIGNSYM_JSON, NULL, &config, &error));
  CHECK_HAS("config", signsym_error_message(error));
  signsym_error_free(error);
}

TEST(Bytes_that_are_no_UTF8_are_an_error_in_every_format) {
  static const char text[] = "name: \"\xff\xfe\"", json[] = "{\"name\": \"\xff\xfe\"}", binary[] = "\x0a\x02\xff\xfe";
  signsym_config *config = NULL;
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(text, sizeof text - 1, SIGNSYM_TEXT, NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(json, sizeof json - 1, SIGNSYM_JSON, NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG,
               signsym_config_create(binary, sizeof binary - 1, SIGNSYM_BINARY, NULL, &config, NULL));
  config = tiny_config();
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "name", "\"\xff\"", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "\xff", "1", NULL));
  signsym_config_free(config);
}

TEST(A_field_is_set_by_path_and_a_set_that_fails_changes_nothing) {
  signsym_config *config = tiny_config(), *before;
  signsym_bytes *bytes;
  CHECK_OK(signsym_config_set(config, "feedback.layer[0].name", "\"fc\"", NULL));
  CHECK_OK(signsym_config_set(config, "feedback.layer[0].rule", "BACKPROP", NULL));
  bytes = written(config, SIGNSYM_TEXT);
  CHECK_HAS("BACKPROP", signsym_bytes_data(bytes));
  before = parsed(bytes, SIGNSYM_TEXT);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "feedback.layer[1].rule", "MAGIC", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "feedback.layer[9].rule", "SHAM", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "optimizer.schedule.step.factr", "1", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "", "1", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_set(config, "seed", NULL, NULL));
  check_same(config, before);
  signsym_bytes_free(bytes);
  signsym_config_free(before);
  signsym_config_free(config);
}

TEST(A_copy_says_the_same_of_the_same_source_and_goes_its_own_way) {
  signsym_config *config = NULL, *copy = NULL;
  signsym_error *error = NULL;
  CHECK_OK(signsym_config_create("seed: 1\ndata { host {} } model { lenet {} }\noptimizer { learning_rate: -1 }", SIGNSYM_TEXT_LENGTH,
                                 SIGNSYM_TEXT, "mine.textproto", &config, NULL));
  CHECK_OK(signsym_config_copy(config, &copy, NULL));
  check_same(config, copy);
  signsym_config_free(config);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_check(copy, &error));
  CHECK_HAS("mine.textproto:3:", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_OK(signsym_config_copy(copy, &config, NULL));
  CHECK_OK(signsym_config_set(copy, "seed", "2", NULL));
  signsym_bytes *bytes = written(config, SIGNSYM_TEXT);
  CHECK_HAS("seed: 1", signsym_bytes_data(bytes));
  signsym_bytes_free(bytes);
  signsym_config_free(config);
  signsym_config_free(copy);
}

TEST(A_check_finds_what_is_out_of_range) {
  signsym_config *config = tiny_config(), *resolved = NULL;
  signsym_bytes *hash = NULL;
  signsym_error *error = NULL;
  CHECK_OK(signsym_config_check(config, NULL));
  CHECK_OK(signsym_config_set(config, "optimizer.learning_rate", "-1", NULL)); /* the form is right */
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_check(config, &error));
  CHECK_TEXT("optimizer.learning_rate", signsym_error_field(error));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_resolve(config, &resolved, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_hash(config, &hash, NULL));
  CHECK(!resolved && !hash);
  signsym_error_free(error);
  signsym_config_free(config);
}

TEST(A_resolved_config_is_a_new_one_with_every_default) {
  signsym_config *config = tiny_config(), *resolved = NULL, *twice = NULL;
  signsym_bytes *bytes = written(config, SIGNSYM_TEXT);
  CHECK(!strstr(signsym_bytes_data(bytes), "momentum"));
  signsym_bytes_free(bytes);
  CHECK_OK(signsym_config_resolve(config, &resolved, NULL));
  signsym_config_free(config);
  bytes = written(resolved, SIGNSYM_TEXT);
  CHECK_HAS("momentum: 0.9", signsym_bytes_data(bytes));
  signsym_bytes_free(bytes);
  CHECK_OK(signsym_config_resolve(resolved, &twice, NULL));
  check_same(resolved, twice);
  signsym_config_free(resolved);
  signsym_config_free(twice);
}

TEST(The_hash_tells_configs_apart_and_ignores_places_and_format) {
  signsym_config *config = tiny_config(), *resolved = NULL;
  char *hash = hash_of(config), *other;
  CHECK_OK(signsym_config_resolve(config, &resolved, NULL));
  other = hash_of(resolved);
  CHECK_TEXT(hash, other);
  free(other);
  CHECK_OK(signsym_config_set(config, "output.folder", "\"elsewhere\"", NULL));
  CHECK_OK(signsym_config_set(config, "data.cifar10.path", "\"elsewhere\"", NULL));
  other = hash_of(config);
  CHECK_TEXT(hash, other);
  free(other);
  CHECK_OK(signsym_config_set(config, "seed", "2", NULL));
  other = hash_of(config);
  CHECK(strcmp(hash, other) != 0);
  free(other);
  free(hash);
  signsym_config_free(config);
  signsym_config_free(resolved);
}

TEST(A_file_is_read_in_the_format_of_its_ending) {
  static const struct {
    const char *name;
    signsym_format format;
  } files[] = {
      {"c.textproto", SIGNSYM_TEXT}, {"c.json", SIGNSYM_JSON}, {"c.binpb", SIGNSYM_BINARY}, {"c.pb", SIGNSYM_BINARY}};
  signsym_config *config = tiny_config();
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
    char *path = scratch(files[i].name);
    signsym_bytes *bytes = written(config, files[i].format);
    signsym_config *again = NULL;
    write_whole_file(path, signsym_bytes_data(bytes), signsym_bytes_size(bytes));
    CHECK_OK(signsym_config_create_from_file(path, &again, NULL));
    check_same(config, again);
    signsym_config_free(again);
    signsym_bytes_free(bytes);
    free(path);
  }
  signsym_config_free(config);
}

TEST(A_file_or_run_that_cannot_be_read_is_an_error_that_names_it) {
  static char long_name[6000];
  char *folder = scratch("no-run");
  signsym_config *config = NULL;
  signsym_error *error = NULL;
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_config_create_from_file("/no/such.textproto", &config, &error));
  CHECK_HAS("/no/such.textproto", signsym_error_message(error));
  signsym_error_free(error);
  CHECK(mkdir(folder, 0777) == 0);
  CHECK_STATUS(SIGNSYM_IO, signsym_config_create_from_file(folder, &config, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_config_create_from_run(folder, &config, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_config_create_from_run("/no/such", &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_create_from_file(NULL, &config, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_config_create_from_run(NULL, &config, NULL));
  memset(long_name, 'x', sizeof long_name - 1);
  CHECK_STATUS(SIGNSYM_IO, signsym_config_create_from_file(long_name, &config, NULL));
  CHECK_STATUS(SIGNSYM_IO, signsym_config_create_from_run(long_name, &config, NULL));
  CHECK(config == NULL);
  free(folder);
}
