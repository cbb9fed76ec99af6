/* What belongs to the host and its thread is as it was after every call, and changes nothing in it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "check.h"
#include "fixture.h"

/* ---- floating point ---- */

/* Rounds up, takes denormals for 0 where the processor can, and has NaN and the division by 0 end the process. */
static void set_modes(void) {
  CHECK(fesetround(FE_UPWARD) == 0);
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
}

static void check_modes(void) {
  CHECK(fegetround() == FE_UPWARD);
  CHECK(fegetexcept() == (FE_DIVBYZERO | FE_INVALID));
#if defined(__SSE__)
  CHECK((_mm_getcsr() & 0x8040) == 0x8040);
#endif
}

static signsym_trainer *other; /* whose callback is replaced in a callback */

static int nothing(const signsym_event *event, void *user) {
  (void)event;
  (void)user;
  return 0;
}

static void check_modes_in_destroy(void *user) {
  (void)user;
  check_modes();
}

static int check_modes_in_callback(const signsym_event *event, void *host_has_modes) {
  (void)event;
  if (!host_has_modes) return 0;
  check_modes();
  CHECK_OK(signsym_trainer_on_event(other, nothing, NULL, check_modes_in_destroy, NULL));
  check_modes();
  return 0;
}

struct job {
  int modes;
  const char *threads, *file;
};

static void *train_and_save(void *argument) {
  const struct job *job = argument;
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  char *path = scratch(job->file);
  CHECK_OK(signsym_config_set(config, "compute.threads", job->threads, NULL));
  if (job->modes) set_modes();
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_OK(signsym_trainer_create(config, &other, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, check_modes_in_callback, job->modes ? trainer : NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(save_weights(trainer, path, NULL));
  CHECK_OK(signsym_trainer_evaluate(trainer, NULL, NULL, NULL, NULL, NULL));
  if (job->modes) check_modes();
  signsym_trainer_free(trainer);
  signsym_trainer_free(other);
  signsym_config_free(config);
  if (job->modes) check_modes();
  free(path);
  return NULL;
}

static void on_a_new_thread(void *(*function)(void *), void *argument) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, function, argument) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

TEST(The_host_s_rounding_denormals_and_traps_change_no_bit_and_hold_after_the_call_and_in_callbacks) {
  static const char *const threads[] = {"1", "2"};
  for (int i = 0; i < 2; ++i) {
    struct job plain = {0, threads[i], "plain"}, odd = {1, threads[i], "odd"};
    char *x = scratch(plain.file), *y = scratch(odd.file);
    on_a_new_thread(train_and_save, &odd); /* LibTorch's threads, too, begin under these modes */
    on_a_new_thread(train_and_save, &plain);
    CHECK(same_files(x, y));
    free(x);
    free(y);
  }
}

/* ---- the thread and the process ---- */

static void check_errno(void) {
  CHECK(errno == 1234);
  errno = 1234;
}

static int read_json(const signsym_event *event, void *user) {
  (void)user;
  CHECK(signsym_event_json(event)[0] == '{');
  check_errno();
  return 0;
}

TEST(A_call_leaves_errno_as_it_was_whether_it_succeeds_or_fails) {
  signsym_config *config = tiny_config(), *none = NULL;
  signsym_trainer *trainer = NULL;
  errno = 1234;
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  check_errno();
  CHECK_OK(signsym_trainer_on_event(trainer, read_json, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  check_errno();
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_config_create_from_file("/no/such/file", &none, NULL));
  check_errno();
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "train.epochs", "99999999999999999999", NULL));
  check_errno();
  CHECK(signsym_trainer_is_finished(trainer) == 1);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
  check_errno();
}

struct process {
  struct sigaction handlers[NSIG];
  sigset_t blocked;
  char folder[4096];
  mode_t mask;
  char locale[1024];
};

static void look_at(struct process *process) {
  memset(process, 0, sizeof *process);
  for (int number = 1; number < NSIG; ++number) sigaction(number, NULL, &process->handlers[number]);
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, &process->blocked) == 0);
  CHECK(getcwd(process->folder, sizeof process->folder) != NULL);
  process->mask = umask(0);
  umask(process->mask);
  snprintf(process->locale, sizeof process->locale, "%s", setlocale(LC_ALL, NULL));
}

TEST(Signal_handlers_and_masks_the_working_folder_the_umask_and_the_locale_are_left_alone) {
  static struct process before, after;
  char *folder = scratch("run");
  signsym_trainer *trainer = NULL;
  look_at(&before);
  trainer = tiny_trainer(folder);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  signsym_trainer_free(trainer);
  look_at(&after);
  for (int number = 1; number < NSIG; ++number)
    CHECK(before.handlers[number].sa_handler == after.handlers[number].sa_handler);
  CHECK(memcmp(&before.blocked, &after.blocked, sizeof before.blocked) == 0);
  CHECK(before.mask == after.mask);
  CHECK_TEXT(before.folder, after.folder);
  CHECK_TEXT(before.locale, after.locale);
  free(folder);
}

/* LibTorch's threads for a thread that begins now. */
static void *count_threads(void *count) {
  signsym_bytes *info = NULL;
  const char *found;
  CHECK_OK(signsym_build_info(SIGNSYM_TEXT, &info, NULL));
  found = strstr(signsym_bytes_data(info), "threads: ");
  CHECK(found && sscanf(found, "threads: %d", (int *)count) == 1);
  signsym_bytes_free(info);
  return NULL;
}

static int count_during_the_run(const signsym_event *event, void *count) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == 2)
    on_a_new_thread(count_threads, count);
  return 0;
}

TEST(A_thread_count_in_a_config_is_that_of_the_call_alone_not_of_other_threads_nor_of_what_comes_after) {
  int before = 0, during = 0, after = 0, here = 0;
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  on_a_new_thread(count_threads, &before);
  CHECK_OK(signsym_config_set(config, "compute.threads", "3", NULL));
  CHECK(before >= 1 && before != 3);
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  CHECK_OK(signsym_trainer_on_event(trainer, count_during_the_run, &during, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  on_a_new_thread(count_threads, &after);
  count_threads(&here);
  CHECK(during == before && after == before && here == before);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
}

/* ---- a small stack ---- */

/* The promise is 1 MB. */
enum { stack_size = 256 << 10, guard_size = 64 << 10 };

static void *do_everything(void *unused) {
  char *folder = scratch("everything"), *weights = scratch("weights");
  signsym_config *config = NULL, *copy = NULL;
  signsym_trainer *trainer = tiny_trainer(folder), *resumed = NULL;
  signsym_model *model = NULL;
  signsym_bytes *bytes = NULL;
  signsym_error *error = NULL;
  struct DLManagedTensorVersioned *samples = tiny_samples(1), *logits = NULL;
  double angle = 0;
  static char nested[1 << 20];
  (void)unused;
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK_OK(signsym_trainer_checkpoint(trainer, &bytes, NULL));
  CHECK_OK(signsym_trainer_restore(trainer, signsym_bytes_data(bytes), signsym_bytes_size(bytes), NULL, NULL));
  CHECK_OK(save_weights(trainer, weights, NULL));
  CHECK_OK(load_weights(trainer, weights, NULL));
  signsym_trainer_free(trainer);
  CHECK_OK(signsym_trainer_resume(folder, NULL, &resumed, NULL));
  CHECK_OK(signsym_trainer_evaluate(resumed, NULL, NULL, NULL, NULL, NULL));
  CHECK_OK(signsym_trainer_model(resumed, &model, NULL));
  CHECK_OK(signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, SIGNSYM_PROBABILITIES, &logits, NULL));
  CHECK_OK(signsym_model_alignment(model, signsym_model_layer_name(model, 0), &angle, NULL, NULL));
  CHECK_OK(signsym_trainer_config(resumed, &config, NULL));
  for (signsym_format format = SIGNSYM_TEXT; format <= SIGNSYM_BINARY; ++format) {
    signsym_bytes *written = NULL;
    CHECK_OK(signsym_config_write(config, format, &written, NULL));
    CHECK_OK(signsym_config_create(signsym_bytes_data(written), signsym_bytes_size(written), format, NULL, &copy,
                                   NULL));
    signsym_bytes_free(written);
    signsym_config_free(copy);
  }
  copy = NULL;
  /* A million brackets, in each form; of a binary one, a message in a message in … */
  memset(nested, '{', sizeof nested);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(nested, sizeof nested, SIGNSYM_TEXT, NULL, &copy, &error));
  signsym_error_free(error);
  for (size_t i = 0; i + 5 <= sizeof nested; i += 5) memcpy(nested + i, "{\"a\":", 5);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(nested, sizeof nested, SIGNSYM_JSON, NULL, &copy, NULL));
  memset(nested, '[', sizeof nested);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(nested, sizeof nested, SIGNSYM_JSON, NULL, &copy, NULL));
  for (size_t i = 0; i + 6 <= sizeof nested; i += 6) memcpy(nested + i, "data {", 6);
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(nested, sizeof nested, SIGNSYM_TEXT, NULL, &copy, NULL));
  memset(nested, 0x0b, sizeof nested); /* a group in a group in … */
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_create(nested, sizeof nested, SIGNSYM_BINARY, NULL, &copy, NULL));
  signsym_tensor_free(samples);
  signsym_tensor_free(logits);
  signsym_model_free(model);
  signsym_trainer_free(resumed);
  signsym_config_free(config);
  signsym_bytes_free(bytes);
  free(folder);
  free(weights);
  return NULL;
}

/* So that it is seen how much of the stack was used: SIGNSYM_STACK=1 prints it. */
static unsigned char stack[guard_size + stack_size] __attribute__((aligned(guard_size)));

TEST(Everything_works_on_a_thread_with_a_stack_of_a_quarter_of_a_megabyte) {
  pthread_attr_t attributes;
  pthread_t thread;
  size_t untouched = 0;
  memset(stack, 0xa5, sizeof stack);
  CHECK(mprotect(stack, guard_size, PROT_READ) == 0);
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstack(&attributes, stack + guard_size, stack_size) == 0);
  CHECK(pthread_create(&thread, &attributes, do_everything, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  while (untouched < sizeof stack && stack[untouched] == 0xa5) ++untouched;
  if (getenv("SIGNSYM_STACK")) printf("%zu bytes of stack\n", sizeof stack - untouched);
  pthread_attr_destroy(&attributes);
}

/* ---- a decimal comma ---- */

static signsym_bytes *text_of(signsym_config *config, signsym_format format) {
  signsym_bytes *bytes = NULL;
  CHECK_OK(signsym_config_write(config, format, &bytes, NULL));
  return bytes;
}

static int check_json(const signsym_event *event, void *count) {
  CHECK(json_has(signsym_event_json(event), NULL, NULL));
  ++*(int *)count;
  return 0;
}

TEST(Configs_events_and_checkpoints_are_the_same_under_a_locale_with_a_decimal_comma) {
  char comma[16], *metrics = scratch("comma/metrics.jsonl"), *folder = scratch("comma"), line[65536];
  signsym_bytes *before[3], *after[3], *message = NULL;
  signsym_config *config = tiny_config(), *copy = NULL;
  signsym_trainer *trainer;
  int events = 0, lines = 0;
  FILE *file;
  for (int i = 0; i < 3; ++i) before[i] = text_of(config, SIGNSYM_TEXT + i);
  CHECK(setlocale(LC_ALL, "de_DE.UTF-8") != NULL);
  sprintf(comma, "%.1f", 0.5);
  CHECK_TEXT("0,5", comma);
  for (int i = 0; i < 3; ++i) {
    CHECK_OK(signsym_config_create(signsym_bytes_data(before[i]), signsym_bytes_size(before[i]), SIGNSYM_TEXT + i, NULL,
                                   &copy, NULL));
    after[i] = text_of(copy, SIGNSYM_TEXT + i);
    CHECK(signsym_bytes_size(before[i]) == signsym_bytes_size(after[i]) &&
          memcmp(signsym_bytes_data(before[i]), signsym_bytes_data(after[i]), signsym_bytes_size(after[i])) == 0);
    signsym_config_free(copy);
    signsym_bytes_free(before[i]);
    signsym_bytes_free(after[i]);
  }
  CHECK_OK(signsym_config_set(config, "optimizer.learning_rate", "0.125", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_config_set(config, "optimizer.learning_rate", "0,125", NULL));
  trainer = tiny_trainer(folder);
  CHECK_OK(signsym_trainer_on_event(trainer, check_json, &events, NULL, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(events > tiny_steps);
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_JSON, &message, NULL));
  CHECK(json_has(signsym_bytes_data(message), NULL, NULL));
  file = fopen(metrics, "r");
  CHECK(file != NULL);
  for (; fgets(line, sizeof line, file); ++lines) CHECK(json_has(line, NULL, NULL));
  CHECK(lines > 3);
  fclose(file);
  signsym_trainer_free(trainer);
  CHECK_OK(signsym_trainer_resume(folder, NULL, &trainer, NULL)); /* reads its config and its metrics */
  CHECK(setlocale(LC_ALL, "C") != NULL);
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
  signsym_bytes_free(message);
  free(metrics);
  free(folder);
}
