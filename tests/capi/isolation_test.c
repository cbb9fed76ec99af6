/* What one trainer does to the rest of the process: nothing. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

struct job {
  const char *rule;
  signsym_trainer *trainer;
  pthread_t thread;
};

static void make(struct job *job) {
  signsym_config *config = tiny_config();
  CHECK_OK(signsym_config_set(config, "feedback.rule", job->rule, NULL));
  CHECK_OK(signsym_trainer_create(config, &job->trainer, NULL));
  signsym_config_free(config);
}

static void *make_and_run(void *job) {
  make(job);
  CHECK_OK(signsym_trainer_run(((struct job *)job)->trainer, NULL, NULL));
  return NULL;
}

static void save_and_free(struct job *job, const char *name) {
  char *path = scratch(name);
  CHECK_OK(save_weights(job->trainer, path, NULL));
  signsym_trainer_free(job->trainer);
  free(path);
}

static void check_same(const char *a, const char *b) {
  char *x = scratch(a), *y = scratch(b);
  CHECK(same_files(x, y));
  free(x);
  free(y);
}

TEST(Two_trainers_in_two_threads_give_the_bytes_that_each_gives_alone) {
  struct job a = {"SIGN_SYMMETRY_BATCH_RANDOM", NULL, 0}, b = {"FEEDBACK_ALIGNMENT", NULL, 0};
  make_and_run(&a);
  save_and_free(&a, "a-alone");
  make_and_run(&b);
  save_and_free(&b, "b-alone");
  CHECK(pthread_create(&a.thread, NULL, make_and_run, &a) == 0);
  CHECK(pthread_create(&b.thread, NULL, make_and_run, &b) == 0);
  CHECK(pthread_join(a.thread, NULL) == 0 && pthread_join(b.thread, NULL) == 0);
  save_and_free(&a, "a-together");
  save_and_free(&b, "b-together");
  check_same("a-alone", "a-together");
  check_same("b-alone", "b-together");
}

TEST(A_trainer_runs_on_a_thread_with_a_stack_of_one_megabyte) {
  struct job job = {"SIGN_SYMMETRY", NULL, 0};
  pthread_attr_t attributes;
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstacksize(&attributes, 1 << 20) == 0);
  CHECK(pthread_create(&job.thread, &attributes, make_and_run, &job) == 0);
  CHECK(pthread_join(job.thread, NULL) == 0);
  pthread_attr_destroy(&attributes);
  check_trained_undisturbed(job.trainer);
  signsym_trainer_free(job.trainer);
}

static int fail_at_5(const signsym_event *event, void *user) {
  (void)user;
  return signsym_event_step(event) == 5;
}

/* A run of each kind of end, and errors of many kinds; nothing is checked here. */
static void be_noisy(const char *folder) {
  signsym_config *config = tiny_config(), *none = NULL;
  signsym_trainer *trainer = tiny_trainer(folder), *second = NULL;
  signsym_bytes *info = NULL;
  signsym_build_info(SIGNSYM_JSON, &info, NULL);
  signsym_trainer_on_event(trainer, fail_at_5, NULL, NULL, NULL);
  signsym_trainer_run(trainer, NULL, NULL);
  signsym_trainer_resume(folder, NULL, &second, NULL);
  signsym_trainer_free(trainer);
  signsym_trainer_resume(folder, NULL, &second, NULL);
  signsym_trainer_run(second, NULL, NULL);
  load_weights(second, "/dev/null", NULL);
  save_weights(second, "/dev/null/x", NULL);
  signsym_trainer_free(second);
  signsym_config_create("name: \"\xff\"", SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &none, NULL);
  signsym_config_create("\x0a\x01\xff", 3, SIGNSYM_BINARY, NULL, &none, NULL);
  signsym_config_create("{{", 2, SIGNSYM_TEXT, NULL, &none, NULL);
  signsym_config_create("{\"a\":1}", 7, SIGNSYM_JSON, NULL, &none, NULL);
  signsym_config_set(config, "train", "{ epochs: x }", NULL);
  signsym_config_set(config, "optimizer.learning_rate", "1e30", NULL);
  signsym_trainer_create(config, &trainer, NULL);
  signsym_trainer_run(trainer, NULL, NULL);
  signsym_trainer_free(trainer);
  signsym_trainer_resume("/no/such/\xff", NULL, &trainer, NULL);
  signsym_bytes_free(info);
  signsym_config_free(config);
}

TEST(Nothing_is_printed_whatever_happens) {
  char *said = scratch("said"), *folder = scratch("noisy"), *odd = scratch("noisy-\xff");
  const int out = dup(1), err = dup(2), file = open(said, O_CREAT | O_RDWR, 0666);
  struct stat status;
  signsym_config_free(tiny_config()); /* the fixture's own checks still speak */
  fflush(stdout);
  CHECK(out >= 0 && err >= 0 && dup2(file, 1) == 1 && dup2(file, 2) == 2);
  be_noisy(folder);
  CHECK(rename(folder, odd) == 0);
  {
    signsym_trainer *moved = NULL; /* a folder whose name is no UTF-8 */
    if (signsym_trainer_resume(odd, NULL, &moved, NULL) == SIGNSYM_OK) signsym_trainer_run(moved, NULL, NULL);
    signsym_trainer_free(moved);
  }
  fflush(stdout);
  CHECK(dup2(out, 1) == 1 && dup2(err, 2) == 2);
  CHECK(fstat(file, &status) == 0);
  if (status.st_size > 0) {
    char text[1000] = "";
    CHECK(pread(file, text, sizeof text - 1, 0) > 0);
    CHECK_TEXT("", text);
  }
  close(file);
  free(said);
  free(folder);
  free(odd);
}
