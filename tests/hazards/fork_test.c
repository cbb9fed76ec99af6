/* fork() before the first use, after it, in the midst of a run, and in a callback. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "child.h"
#include "fixture.h"

static void train(void) {
  signsym_trainer *trainer = tiny_trainer(NULL);
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  signsym_trainer_free(trainer);
}

TEST(Parent_and_child_both_train_where_the_fork_came_before_the_first_use) {
  CHECK(ended(train) == 0);
  train();
  CHECK(signsym_version() != NULL);
}

static signsym_trainer *trainer, *idle;
static signsym_config *config;

static signsym_error *error;

static void check_refused(signsym_status status) {
  CHECK_STATUS(SIGNSYM_UNSUPPORTED, status);
  CHECK_STATUS(SIGNSYM_UNSUPPORTED, signsym_error_status(error));
  CHECK_HAS("fork", signsym_error_message(error));
  CHECK_HAS("exec", signsym_error_message(error));
  signsym_error_free(error);
  error = NULL;
}

static void count(void *calls) { ++*(int *)calls; }

/* Whatever the parent's threads held when it was forked. */
static void use_in_child(void) {
  signsym_config *another = NULL;
  signsym_bytes *bytes = NULL;
  signsym_model *model = NULL;
  double loss = 7;
  check_refused(signsym_config_create("", 0, SIGNSYM_TEXT, NULL, &another, &error));
  check_refused(signsym_trainer_run(trainer, NULL, &error));
  check_refused(signsym_trainer_metrics(trainer, SIGNSYM_TEXT, &bytes, &error));
  check_refused(signsym_trainer_evaluate(trainer, &loss, NULL, NULL, NULL, &error));
  check_refused(signsym_trainer_model(trainer, &model, &error));
  {
    struct DLManagedTensorVersioned *tensor = NULL;
    int64_t one = 1;
    float value = 1;
    int destroyed = 0;
    check_refused(signsym_tensor_wrap(&value, SIGNSYM_F32, &one, NULL, 1, &destroyed, count, &tensor, &error));
    CHECK(!tensor && destroyed == 1);
  }
  CHECK(!another && !bytes && !model && loss == 7);
  CHECK(signsym_trainer_is_finished(trainer) == 0);
  CHECK(signsym_trainer_learning_rate(trainer) != signsym_trainer_learning_rate(trainer)); /* NaN */
  signsym_trainer_pause(trainer);
  signsym_trainer_free(trainer);
  signsym_trainer_free(idle); /* its loader threads are not here */
  signsym_config_free(config);
  marks[0] = 1;
}

static volatile int stop;

static void *look_up(void *unused) {
  (void)unused;
  while (!stop) signsym_trainer_is_finished(idle);
  return NULL;
}

TEST(A_child_of_a_process_that_trains_is_refused_in_words_and_the_parent_trains_on) {
  static const char *const settings[] = {"data.loader_threads", "2", NULL};
  signsym_bytes *metrics = NULL;
  pthread_t thread;
  config = tiny_config();
  CHECK_OK(signsym_config_set(config, settings[0], settings[1], NULL));
  CHECK_OK(signsym_trainer_create(config, &idle, NULL));
  CHECK(pthread_create(&thread, NULL, look_up, NULL) == 0);
  trainer = start_run(NULL, settings);
  for (int times = 0; times < 10; ++times) CHECK(ended(use_in_child) == 0 && marks[0]);
  stop = 1;
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_TEXT, &metrics, NULL));
  CHECK(signsym_trainer_learning_rate(trainer) > 0);
  signsym_bytes_free(metrics);
  signsym_config_free(config);
  signsym_trainer_free(trainer);
  signsym_trainer_free(idle);
  train();
}

static void exec_training(void) {
  execl("/proc/self/exe", "signsym_fork_test", "Parent_and_child_both_train_where_the_fork_came_before_the_first_use",
        (char *)NULL);
}

TEST(A_child_that_calls_exec_trains) {
  train();
  CHECK(ended(exec_training) == 0);
}

static pid_t parent;

static int fork_at_step_3(const signsym_event *event, void *user) {
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP && signsym_event_step(event) == 3) *(pid_t *)user = fork();
  return 0;
}

static int ends_in(const char *path) {
  char line[65536];
  int count = 0;
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  while (fgets(line, sizeof line, file)) count += strstr(line, "\"event\":\"end\"") != NULL;
  fclose(file);
  return count;
}

static void return_from_callback_in_child(void) {
  pid_t child = -1;
  char *folder = scratch("forked"), *metrics = scratch("forked/metrics.jsonl");
  int status = 0;
  trainer = tiny_trainer(folder);
  parent = getpid();
  CHECK_OK(signsym_trainer_on_event(trainer, fork_at_step_3, &child, NULL, NULL));
  if (child == -1) status = signsym_trainer_run(trainer, NULL, &error);
  if (getpid() != parent) { /* the child: it came back from the callback, and the run ended there */
    marks[1] = status == SIGNSYM_UNSUPPORTED && strstr(signsym_error_message(error), "fork") != NULL;
    signsym_trainer_free(trainer);
    exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  marks[2] = status == SIGNSYM_OK && ends_in(metrics) == 1; /* the child has written nothing */
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  trainer = NULL;
  CHECK_OK(signsym_trainer_resume(folder, NULL, &trainer, NULL));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  free(folder);
  free(metrics);
}

TEST(A_run_that_is_forked_in_its_callback_ends_in_the_child_and_goes_on_in_the_parent) {
  CHECK(ended(return_from_callback_in_child) == 0);
  CHECK(marks[1] && marks[2]);
}
