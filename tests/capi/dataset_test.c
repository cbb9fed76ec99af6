#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "check.h"
#include "fixture.h"

typedef struct DLManagedTensorVersioned tensor;

/* Six pictures of 2 × 3 × 5 and their labels, as a host holds them. */
struct host {
  float pixels[6 * 30];
  uint8_t labels[6];
  int samples_gone, labels_gone; /* calls of destroy */
};

static void add_one(void *counter) { ++*(int *)counter; }

static struct host a_host(void) {
  struct host host = {{0}, {0, 2, 1, 2, 0, 1}, 0, 0};
  return host;
}

static tensor *wrap(void *data, signsym_type type, int32_t dimensions, const int64_t *shape, int *gone) {
  tensor *wrapped = NULL;
  CHECK_OK(signsym_tensor_wrap(data, type, shape, NULL, dimensions, gone, add_one, &wrapped, NULL));
  return wrapped;
}

static tensor *samples_of(struct host *host) {
  static const int64_t shape[] = {6, 2, 3, 5};
  return wrap(host->pixels, SIGNSYM_F32, 4, shape, &host->samples_gone);
}

static tensor *labels_of(struct host *host) {
  static const int64_t shape[] = {6};
  return wrap(host->labels, SIGNSYM_U8, 1, shape, &host->labels_gone);
}

static void check_shape(const signsym_dataset *dataset, int64_t channels, int64_t height, int64_t width) {
  CHECK(signsym_dataset_shape(dataset, 0) == channels);
  CHECK(signsym_dataset_shape(dataset, 1) == height);
  CHECK(signsym_dataset_shape(dataset, 2) == width);
  CHECK(signsym_dataset_shape(dataset, 3) == 0 && signsym_dataset_shape(dataset, -1) == 0);
}

/* ---- from a config ---- */

TEST(The_parts_of_a_config_are_those_of_its_run) {
  signsym_config *config = tiny_config();
  signsym_dataset *training = NULL, *held_out = NULL;
  CHECK_OK(signsym_dataset_create_from_config(config, SIGNSYM_TRAINING, &training, NULL));
  CHECK_OK(signsym_dataset_create_from_config(config, SIGNSYM_HELD_OUT, &held_out, NULL));
  CHECK(signsym_dataset_size(training) == 64 && signsym_dataset_size(held_out) == tiny_held_out);
  CHECK(signsym_dataset_classes(training) == 10 && signsym_dataset_classes(held_out) == 10);
  check_shape(training, 3, 32, 32);
  check_shape(held_out, 3, 32, 32);
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);

  CHECK_OK(signsym_config_set(config, "data.held_out", "VALIDATION", NULL));
  CHECK_OK(signsym_config_set(config, "data.validation_fraction", "0.5", NULL));
  CHECK_OK(signsym_dataset_create_from_config(config, SIGNSYM_TRAINING, &training, NULL));
  CHECK_OK(signsym_dataset_create_from_config(config, SIGNSYM_HELD_OUT, &held_out, NULL));
  CHECK(signsym_dataset_size(training) + signsym_dataset_size(held_out) == 64);
  CHECK(signsym_dataset_size(held_out) >= 27); /* half of each class, rounded down */
  signsym_dataset_free(training);
  signsym_dataset_free(held_out);
  signsym_config_free(config);
}

TEST(What_is_wrong_with_a_config_or_its_files_is_told) {
  static const char host[] = "model { lenet {} }\ndata {\n  host {}\n}";
  signsym_config *config = tiny_config(), *of_host = NULL;
  signsym_dataset *untouched = (signsym_dataset *)&config, *dataset = untouched;
  signsym_error *error = NULL;
  for (signsym_part part = -1; part < 4; ++part)
    if (part != SIGNSYM_TRAINING && part != SIGNSYM_HELD_OUT)
      CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_dataset_create_from_config(config, part, &dataset, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT, signsym_dataset_create_from_config(config, SIGNSYM_TRAINING, NULL, NULL));

  CHECK_OK(signsym_config_set(config, "data.cifar10.path", "\"/no/such/folder\"", NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_dataset_create_from_config(config, SIGNSYM_TRAINING, &dataset, &error));
  CHECK_HAS("/no/such/folder", signsym_error_message(error));
  signsym_error_free(error);

  CHECK_OK(signsym_config_set(config, "data.batch_size", "0", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_dataset_create_from_config(config, SIGNSYM_TRAINING, &dataset, &error));
  CHECK_TEXT("data.batch_size", signsym_error_field(error));
  signsym_error_free(error);

  CHECK_OK(signsym_config_create(host, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, "host.textproto", &of_host, NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_dataset_create_from_config(of_host, SIGNSYM_HELD_OUT, &dataset, &error));
  CHECK_TEXT("data.host", signsym_error_field(error));
  CHECK_HAS("host.textproto:3:3: data.host: ", signsym_error_message(error));
  CHECK_HAS("signsym_trainer_create_with", signsym_error_message(error));
  signsym_error_free(error);
  signsym_config_free(of_host);
  CHECK(dataset == untouched);
  signsym_config_free(config);
}

/* ---- tensors ---- */

TEST(A_wrapped_tensor_says_what_it_was_given_and_its_deleter_calls_destroy_once) {
  struct host host = a_host();
  int64_t shape[] = {6, 5, 3}, strides[] = {15, 1, -5};
  tensor *compact = NULL, *strided = NULL, *number = NULL;
  CHECK_OK(signsym_tensor_wrap(host.pixels, SIGNSYM_F32, shape, NULL, 3, &host.samples_gone, add_one, &compact, NULL));
  CHECK_OK(signsym_tensor_wrap(host.pixels + 10, SIGNSYM_F32, shape, strides, 3, NULL, NULL, &strided, NULL));
  CHECK_OK(signsym_tensor_wrap(host.pixels, SIGNSYM_F32, NULL, NULL, 0, NULL, NULL, &number, NULL));
  shape[0] = strides[0] = 0; /* both were copied */
  CHECK(compact->version.major == 1 && compact->flags == 0);
  CHECK(compact->dl_tensor.data == host.pixels && compact->dl_tensor.byte_offset == 0);
  CHECK(compact->dl_tensor.device.device_type == kDLCPU && compact->dl_tensor.ndim == 3);
  CHECK(compact->dl_tensor.dtype.code == kDLFloat && compact->dl_tensor.dtype.bits == 32);
  CHECK(compact->dl_tensor.dtype.lanes == 1 && compact->dl_tensor.shape[0] == 6);
  CHECK(compact->dl_tensor.strides[0] == 15 && compact->dl_tensor.strides[1] == 3);
  CHECK(compact->dl_tensor.strides[2] == 1 && strided->dl_tensor.strides[0] == 15);
  CHECK(strided->dl_tensor.strides[2] == -5 && number->dl_tensor.ndim == 0);
  CHECK(host.samples_gone == 0);
  compact->deleter(compact);
  CHECK(host.samples_gone == 1);
  signsym_tensor_free(strided);
  signsym_tensor_free(number);
  signsym_tensor_free(NULL);
}

TEST(Each_type_has_its_code_and_size) {
  static const struct {
    signsym_type type;
    int code, bits;
  } types[] = {{SIGNSYM_U8, kDLUInt, 8},     {SIGNSYM_U16, kDLUInt, 16},  {SIGNSYM_U32, kDLUInt, 32},
               {SIGNSYM_U64, kDLUInt, 64},   {SIGNSYM_I8, kDLInt, 8},     {SIGNSYM_I16, kDLInt, 16},
               {SIGNSYM_I32, kDLInt, 32},    {SIGNSYM_I64, kDLInt, 64},   {SIGNSYM_F16, kDLFloat, 16},
               {SIGNSYM_BF16, kDLBfloat, 16}, {SIGNSYM_F32, kDLFloat, 32}, {SIGNSYM_F64, kDLFloat, 64}};
  double number = 0;
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
    tensor *wrapped = NULL;
    CHECK_OK(signsym_tensor_wrap(&number, types[i].type, NULL, NULL, 0, NULL, NULL, &wrapped, NULL));
    CHECK(wrapped->dl_tensor.dtype.code == types[i].code && wrapped->dl_tensor.dtype.bits == types[i].bits);
    signsym_tensor_free(wrapped);
  }
}

TEST(A_tensor_that_cannot_be_is_refused_and_destroy_is_called_at_once) {
  enum { good_type = SIGNSYM_F32 };
  float numbers[8];
  const int64_t shape[] = {2, 2}, none[] = {2, 0}, huge[] = {INT64_MAX, 2}, far[] = {1, INT64_MIN};
  const int64_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  tensor *untouched = (tensor *)numbers, *out = untouched;
  signsym_error *error = NULL;
  int gone = 0, calls = 0;
#define REFUSED(data, type, shape, strides, dimensions, out)                                                         \
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,                                                                             \
               signsym_tensor_wrap(data, type, shape, strides, dimensions, &gone, add_one, out, NULL));              \
  CHECK(gone == ++calls)
  REFUSED(NULL, good_type, shape, NULL, 2, &out);
  REFUSED((char *)numbers + 2, good_type, shape, NULL, 2, &out);
  REFUSED(numbers, 0, shape, NULL, 2, &out);
  REFUSED(numbers, 13, shape, NULL, 2, &out);
  REFUSED(numbers, INT32_MIN, shape, NULL, 2, &out);
  REFUSED(numbers, good_type, NULL, NULL, 2, &out);
  REFUSED(numbers, good_type, nine, NULL, 9, &out);
  REFUSED(numbers, good_type, shape, NULL, -1, &out);
  REFUSED(numbers, good_type, shape, NULL, INT32_MAX, &out);
  REFUSED(numbers, good_type, none, NULL, 2, &out);
  REFUSED(numbers, good_type, huge, NULL, 2, &out);
  REFUSED(numbers, good_type, shape, far, 2, &out);
  REFUSED(numbers, good_type, shape, NULL, 2, NULL);
#undef REFUSED
  CHECK(out == untouched);
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,
               signsym_tensor_wrap(numbers, 13, shape, NULL, 2, NULL, NULL, &out, &error));
  CHECK_HAS("type: 13", signsym_error_message(error));
  signsym_error_free(error);
}

/* ---- memory ---- */

TEST(A_set_in_memory_calls_both_deleters_once_when_it_has_gone) {
  struct host host = a_host();
  signsym_dataset *dataset = NULL;
  CHECK_OK(
      signsym_dataset_create_from_memory(samples_of(&host), labels_of(&host), SIGNSYM_NCHW, 3, &dataset, NULL));
  CHECK(signsym_dataset_size(dataset) == 6 && signsym_dataset_classes(dataset) == 3);
  check_shape(dataset, 2, 3, 5);
  CHECK(host.samples_gone == 0 && host.labels_gone == 0);
  signsym_dataset_free(dataset);
  CHECK(host.samples_gone == 1 && host.labels_gone == 1);
  signsym_dataset_free(dataset);
  CHECK(host.samples_gone == 1 && host.labels_gone == 1);
}

TEST(Pictures_may_come_in_NHWC_order_and_vectors_as_rows) {
  struct host host = a_host();
  const int64_t vectors[] = {6, 30};
  signsym_dataset *pictures = NULL, *rows = NULL;
  CHECK_OK(
      signsym_dataset_create_from_memory(samples_of(&host), labels_of(&host), SIGNSYM_NHWC, 3, &pictures, NULL));
  check_shape(pictures, 5, 2, 3);
  CHECK_OK(signsym_dataset_create_from_memory(wrap(host.pixels, SIGNSYM_F32, 2, vectors, &host.samples_gone),
                                              labels_of(&host), SIGNSYM_NHWC, 3, &rows, NULL));
  check_shape(rows, 30, 1, 1);
  signsym_dataset_free(pictures);
  signsym_dataset_free(rows);
  CHECK(host.samples_gone == 2 && host.labels_gone == 2);
}

static void delete_own(tensor *self) { ++*(int *)self->manager_ctx; }

TEST(A_host_s_own_tensors_may_lie_where_they_like_and_have_no_deleter) {
  struct host host = a_host();
  int64_t shape[] = {6, 2, 3, 5}, strides[] = {-30, 15, 5, 1}, size[] = {6};
  tensor samples = {{1, 0}, NULL, NULL, 0, {NULL, {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, NULL, NULL, 8}};
  tensor labels = {{1, 99}, NULL, NULL, 0, {NULL, {kDLCPU, 0}, 1, {kDLUInt, 8, 1}, NULL, NULL, 0}};
  signsym_dataset *dataset = NULL;
  samples.dl_tensor.data = host.pixels + 148;
  samples.dl_tensor.shape = shape;
  samples.dl_tensor.strides = strides;
  samples.manager_ctx = &host.samples_gone;
  samples.deleter = delete_own;
  labels.dl_tensor.data = host.labels;
  labels.dl_tensor.shape = size;
  CHECK_OK(signsym_dataset_create_from_memory(&samples, &labels, SIGNSYM_NCHW, 3, &dataset, NULL));
  CHECK(host.samples_gone == 0);
  signsym_dataset_free(dataset);
  CHECK(host.samples_gone == 1);
}

TEST(Memory_that_cannot_be_a_set_is_refused_and_stays_the_caller_s) {
  struct host host = a_host();
  const int64_t three[] = {6, 6, 5}, five[] = {5};
  tensor *samples = samples_of(&host), *labels = labels_of(&host);
  tensor *cubes = wrap(host.pixels, SIGNSYM_F32, 3, three, &host.samples_gone);
  tensor *few = wrap(host.labels, SIGNSYM_U8, 1, five, &host.labels_gone);
  signsym_dataset *untouched = (signsym_dataset *)&host, *dataset = untouched;
  signsym_error *error = NULL;
#define REFUSED(part, samples, labels, layout, classes, out)                                                          \
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,                                                                              \
               signsym_dataset_create_from_memory(samples, labels, layout, classes, out, &error));                    \
  CHECK_HAS(part, signsym_error_message(error));                                                                      \
  signsym_error_free(error);                                                                                          \
  error = NULL
  REFUSED("samples is NULL", NULL, labels, SIGNSYM_NCHW, 3, &dataset);
  REFUSED("labels is NULL", samples, NULL, SIGNSYM_NCHW, 3, &dataset);
  REFUSED("out is NULL", samples, labels, SIGNSYM_NCHW, 3, NULL);
  REFUSED("layout: 0", samples, labels, 0, 3, &dataset);
  REFUSED("layout: 3", samples, labels, 3, 3, &dataset);
  REFUSED("classes: 0", samples, labels, SIGNSYM_NCHW, 0, &dataset);
  REFUSED("classes: ", samples, labels, SIGNSYM_NCHW, INT64_MAX, &dataset);
  REFUSED("that of sample 1 is 2: 0 to 1", samples, labels, SIGNSYM_NCHW, 2, &dataset);
  REFUSED("samples: 3 dimensions", cubes, labels, SIGNSYM_NCHW, 3, &dataset);
  REFUSED("samples: 1 dimensions", labels, labels, SIGNSYM_NCHW, 3, &dataset);
  REFUSED("labels: 4 dimensions", samples, samples, SIGNSYM_NCHW, 3, &dataset);
  REFUSED("labels: 5 for 6 samples", samples, few, SIGNSYM_NCHW, 3, &dataset);
  samples->version.major = 2;
  REFUSED("samples: a tensor of DLPack 2", samples, labels, SIGNSYM_NCHW, 3, &dataset);
  samples->version.major = 1;
  samples->dl_tensor.device.device_type = kDLCUDA;
  REFUSED("samples: device of type 2", samples, labels, SIGNSYM_NCHW, 3, &dataset);
  samples->dl_tensor.device.device_type = kDLCPU;
  labels->dl_tensor.dtype.code = kDLFloat;
  REFUSED("labels: type of code 2, 8 bits", samples, labels, SIGNSYM_NCHW, 3, &dataset);
  labels->dl_tensor.dtype.code = kDLUInt;
#undef REFUSED
  CHECK(dataset == untouched);
  CHECK(host.samples_gone == 0 && host.labels_gone == 0);
  CHECK_OK(signsym_dataset_create_from_memory(samples, labels, SIGNSYM_NCHW, 3, &dataset, NULL)); /* unharmed */
  signsym_dataset_free(dataset);
  CHECK(host.samples_gone == 1 && host.labels_gone == 1);
  signsym_tensor_free(cubes);
  signsym_tensor_free(few);
}

/* 64 GiB of address space, whose pages read as zeros and take no memory. */
TEST(A_set_over_more_memory_than_the_machine_has_takes_none) {
  const int64_t vectors[] = {65536, 1048576}, size[] = {65536};
  static uint8_t labels[65536];
  void *memory = mmap(NULL, (size_t)1 << 36, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  struct rusage before, after;
  signsym_dataset *dataset = NULL;
  int gone = 0;
  if (memory == MAP_FAILED) return; /* this system gives no such address space */
  getrusage(RUSAGE_SELF, &before);
  CHECK_OK(signsym_dataset_create_from_memory(wrap(memory, SIGNSYM_U8, 2, vectors, &gone),
                                              wrap(labels, SIGNSYM_U8, 1, size, &gone), SIGNSYM_NCHW, 10, &dataset, NULL));
  getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 1024); /* KiB */
  signsym_dataset_free(dataset);
  CHECK(gone == 2);
  CHECK(munmap(memory, (size_t)1 << 36) == 0);
}

/* ---- callbacks ---- */

static int never(int64_t index, void *sample, int64_t *label, void *user) {
  (void)index, (void)sample, (void)label, (void)user;
  CHECK(!"called, though no sample was asked for");
  return 1;
}

TEST(A_callback_set_has_its_declared_shape_and_calls_destroy_once) {
  const int64_t shape[] = {4, 5, 6};
  signsym_dataset *nchw = NULL, *nhwc = NULL, *vectors = NULL;
  int gone = 0;
  CHECK_OK(signsym_dataset_create_from_callback(9, 3, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, 0, never, &gone, add_one,
                                                &nchw, NULL));
  CHECK_OK(signsym_dataset_create_from_callback(9, 3, shape, 3, SIGNSYM_F16, SIGNSYM_NHWC, 1, never, &gone, add_one,
                                                &nhwc, NULL));
  CHECK_OK(signsym_dataset_create_from_callback(9, 3, shape, 1, SIGNSYM_F64, SIGNSYM_NHWC, 0, never, NULL, NULL,
                                                &vectors, NULL));
  CHECK(signsym_dataset_size(nchw) == 9 && signsym_dataset_classes(nchw) == 3);
  check_shape(nchw, 4, 5, 6);
  check_shape(nhwc, 6, 4, 5);
  check_shape(vectors, 4, 1, 1);
  CHECK(gone == 0);
  signsym_dataset_free(nchw);
  CHECK(gone == 1);
  signsym_dataset_free(nhwc);
  signsym_dataset_free(nhwc);
  CHECK(gone == 2);
  signsym_dataset_free(vectors);
}

TEST(A_callback_set_that_cannot_be_is_refused_and_destroy_is_called_at_once) {
  const int64_t shape[] = {1, 2, 3}, flat[] = {1, 0, 3}, huge[] = {INT64_MAX, 2, 2};
  signsym_dataset *untouched = (signsym_dataset *)shape, *dataset = untouched;
  signsym_error *error = NULL;
  int gone = 0, calls = 0;
#define REFUSED(part, size, classes, shape, dimensions, type, layout, function, out)                                  \
  CHECK_STATUS(SIGNSYM_INVALID_ARGUMENT,                                                                              \
               signsym_dataset_create_from_callback(size, classes, shape, dimensions, type, layout, 0, function,      \
                                                    &gone, add_one, out, &error));                                    \
  CHECK_HAS(part, signsym_error_message(error));                                                                      \
  CHECK(gone == ++calls);                                                                                             \
  signsym_error_free(error);                                                                                          \
  error = NULL
  REFUSED("size: 0", 0, 3, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("size: -9", -9, 3, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("classes: 0", 9, 0, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("shape is NULL", 9, 3, NULL, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("dimensions: 2", 9, 3, shape, 2, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("dimensions: 0", 9, 3, shape, 0, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("dimensions: -1", 9, 3, shape, -1, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("height: 0", 9, 3, flat, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("width: 0", 9, 3, flat, 3, SIGNSYM_U8, SIGNSYM_NHWC, never, &dataset);
  REFUSED("more bytes than memory can have", 9, 3, huge, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, &dataset);
  REFUSED("type: 0", 9, 3, shape, 3, 0, SIGNSYM_NCHW, never, &dataset);
  REFUSED("type: 13", 9, 3, shape, 3, 13, SIGNSYM_NCHW, never, &dataset);
  REFUSED("layout: 7", 9, 3, shape, 3, SIGNSYM_U8, 7, never, &dataset);
  REFUSED("function is NULL", 9, 3, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, NULL, &dataset);
  REFUSED("out is NULL", 9, 3, shape, 3, SIGNSYM_U8, SIGNSYM_NCHW, never, NULL);
#undef REFUSED
  CHECK(dataset == untouched);
}
