#include "fixture.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

enum { record_size = 1 + tiny_picture };

static char folder[64];
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
  (void)status, (void)kind, (void)where;
  return remove(path);
}

static void remove_folder(void) {
  if (getpid() == owner) nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(void) {
  strcpy(folder, "/tmp/signsym-capi-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
  owner = getpid();
  atexit(remove_folder);
}

char *scratch(const char *name) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  char *path = malloc(sizeof folder + strlen(name) + 1);
  pthread_once(&once, make_folder);
  sprintf(path, "%s/%s", folder, name);
  return path;
}

void write_whole_file(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(data, 1, size, file) == size);
  fclose(file);
}

static void copy_records(const char *name, size_t count) {
  static unsigned char records[tiny_training * record_size];
  char from[1024], to[1024];
  FILE *file;
  snprintf(from, sizeof from, "%s/examples/data/cifar10/%s", SIGNSYM_SOURCE_DIR, name);
  snprintf(to, sizeof to, "%s/data/%s", folder, name);
  file = fopen(from, "rb");
  CHECK(file && fread(records, record_size, count, file) == count);
  fclose(file);
  write_whole_file(to, records, count * record_size);
}

static void make_data(void) {
  char *data = scratch("data");
  CHECK(mkdir(data, 0777) == 0 || errno == EEXIST); /* a parent or child has made it */
  copy_records("data_batch_1.bin", tiny_training);
  copy_records("test_batch.bin", tiny_held_out);
  free(data);
}

signsym_config *tiny_config(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  char text[1024];
  signsym_config *config = NULL;
  pthread_once(&once, make_data);
  snprintf(text, sizeof text,
           "name: \"tiny\"\n"
           "data { cifar10 { path: \"%s/data\" } batch_size: 16 transform { flip {} } transform { normalize {} } }\n"
           "model { resnet_cifar { depth: 8 width: 4 } }\n"
           "feedback { rule: SIGN_SYMMETRY }\n"
           "optimizer { learning_rate: 0.05 }\n"
           "train { epochs: 2 }\n"
           "compute { threads: 1 }\n",
           folder);
  CHECK_OK(signsym_config_create(text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, "tiny", &config, NULL));
  return config;
}

static unsigned char pixels[2][tiny_training * tiny_picture];
static int64_t labels[2][tiny_training];

static void read_pictures(void) {
  static const char *const names[] = {"data_batch_1.bin", "test_batch.bin"};
  for (int part = 0; part < 2; ++part) {
    char from[1024];
    FILE *file;
    snprintf(from, sizeof from, "%s/examples/data/cifar10/%s", SIGNSYM_SOURCE_DIR, names[part]);
    file = fopen(from, "rb");
    CHECK(file != NULL);
    for (int i = 0; i < (part ? tiny_held_out : tiny_training); ++i) {
      labels[part][i] = fgetc(file);
      CHECK(fread(pixels[part] + i * tiny_picture, tiny_picture, 1, file) == 1);
    }
    fclose(file);
  }
}

static void have_pictures(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_pictures);
}

const unsigned char *tiny_pictures(int held_out) {
  have_pictures();
  return pixels[held_out];
}

const int64_t *tiny_labels(int held_out) {
  have_pictures();
  return labels[held_out];
}

struct DLManagedTensorVersioned *tiny_samples(int held_out) {
  const int64_t shape[] = {held_out ? tiny_held_out : tiny_training, 3, 32, 32};
  struct DLManagedTensorVersioned *tensor = NULL;
  CHECK_OK(signsym_tensor_wrap((void *)tiny_pictures(held_out), SIGNSYM_U8, shape, NULL, 4, NULL, NULL, &tensor, NULL));
  return tensor;
}

struct DLManagedTensorVersioned *tiny_targets(int held_out) {
  const int64_t shape[] = {held_out ? tiny_held_out : tiny_training};
  struct DLManagedTensorVersioned *tensor = NULL;
  CHECK_OK(signsym_tensor_wrap((void *)tiny_labels(held_out), SIGNSYM_I64, shape, NULL, 1, NULL, NULL, &tensor, NULL));
  return tensor;
}

signsym_dataset *host_dataset(int held_out) {
  signsym_dataset *set = NULL;
  CHECK_OK(signsym_dataset_create_from_memory(tiny_samples(held_out), tiny_targets(held_out), SIGNSYM_NCHW, 10, &set,
                                              NULL));
  return set;
}

signsym_config *tiny_host_config(void) {
  signsym_config *config = tiny_config();
  CHECK_OK(signsym_config_set(config, "data.host", "{}", NULL));
  CHECK_OK(signsym_config_set(config, "data.transform[1].normalize",
                              "{ mean: [0.4914, 0.4822, 0.4465] std: [0.2470, 0.2435, 0.2616] }", NULL));
  CHECK_OK(signsym_config_set(config, "model.input", "{ channels: 3 height: 32 width: 32 }", NULL));
  CHECK_OK(signsym_config_set(config, "model.resnet_cifar.classes", "10", NULL));
  return config;
}

signsym_status save_weights(signsym_trainer *trainer, const char *path, signsym_error **error) {
  signsym_model *model = NULL;
  signsym_status status = signsym_trainer_model(trainer, &model, error);
  if (!status) status = signsym_model_save_weights(model, path, error);
  signsym_model_free(model);
  return status;
}

signsym_status load_weights(signsym_trainer *trainer, const char *path, signsym_error **error) {
  signsym_model *model = NULL;
  signsym_status status = signsym_trainer_model(trainer, &model, error);
  if (!status) status = signsym_model_load_weights(model, path, error);
  signsym_model_free(model);
  return status;
}

signsym_trainer *tiny_trainer(const char *output_folder) {
  char value[1024];
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  if (output_folder) {
    snprintf(value, sizeof value, "\"%s\"", output_folder);
    CHECK_OK(signsym_config_set(config, "output.folder", value, NULL));
  }
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  signsym_config_free(config);
  return trainer;
}

signsym_dataset *tiny_dataset(void) {
  signsym_config *config = tiny_config();
  signsym_dataset *dataset = NULL;
  CHECK_OK(signsym_dataset_create_from_config(config, SIGNSYM_HELD_OUT, &dataset, NULL));
  signsym_config_free(config);
  return dataset;
}

static size_t read_whole(const char *path, unsigned char *data, size_t capacity) {
  FILE *file = fopen(path, "rb");
  size_t size;
  CHECK(file != NULL);
  size = fread(data, 1, capacity, file);
  CHECK(size > 0 && size < capacity);
  fclose(file);
  return size;
}

int same_files(const char *a, const char *b) {
  enum { capacity = 1 << 20 };
  unsigned char *x = malloc(capacity), *y = malloc(capacity);
  const size_t size = read_whole(a, x, capacity);
  const int same = read_whole(b, y, capacity) == size && memcmp(x, y, size) == 0;
  free(x);
  free(y);
  return same;
}

void check_trained_undisturbed(signsym_trainer *trainer) {
  char *expected = scratch("undisturbed.safetensors"), *found = scratch("found.safetensors");
  signsym_trainer *undisturbed = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_run(undisturbed, NULL, NULL));
  CHECK_OK(save_weights(undisturbed, expected, NULL));
  CHECK_OK(save_weights(trainer, found, NULL));
  CHECK(same_files(expected, found));
  signsym_trainer_free(undisturbed);
  free(expected);
  free(found);
}

signsym_error *an_error(void) {
  signsym_error *error = NULL;
  signsym_config *config = tiny_config();
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "train.epochs", "many", &error));
  signsym_config_free(config);
  return error;
}

signsym_bytes *some_bytes(void) {
  signsym_bytes *bytes = NULL;
  signsym_config *config = tiny_config();
  CHECK_OK(signsym_config_hash(config, &bytes, NULL));
  signsym_config_free(config);
  return bytes;
}
