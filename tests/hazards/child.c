#define _GNU_SOURCE
#include "child.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

volatile int *marks;

int ended(void (*scenario)(void)) {
  int status = 0;
  pid_t child;
  if (!marks) {
    void *shared = mmap(NULL, mark_count * sizeof *marks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    marks = shared;
  }
  for (int i = 0; i < mark_count; ++i) marks[i] = 0;
  fflush(NULL);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(100); /* one that hangs has failed */
    scenario();
    exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void *run(void *trainer) {
  signsym_trainer_run(trainer, NULL, NULL);
  if (marks) marks[run_returned] = 1;
  return NULL;
}

int64_t steps_of(const signsym_trainer *trainer) {
  signsym_bytes *metrics = NULL;
  const char *found;
  int64_t steps = 0;
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_TEXT, &metrics, NULL));
  found = strstr(signsym_bytes_data(metrics), "\nstep:");
  CHECK(found && sscanf(found, "\nstep: %ld", &steps) == 1);
  signsym_bytes_free(metrics);
  return steps;
}

signsym_trainer *start_run(signsym_event_fn function, const char *const *settings) {
  signsym_config *config = tiny_config();
  signsym_trainer *trainer = NULL;
  pthread_t thread;
  CHECK_OK(signsym_config_set(config, "train.epochs", "1000000", NULL));
  for (; settings && *settings; settings += 2) CHECK_OK(signsym_config_set(config, settings[0], settings[1], NULL));
  CHECK_OK(signsym_trainer_create(config, &trainer, NULL));
  signsym_config_free(config);
  if (function) CHECK_OK(signsym_trainer_on_event(trainer, function, NULL, NULL, NULL));
  CHECK(pthread_create(&thread, NULL, run, trainer) == 0);
  while (steps_of(trainer) < 3) usleep(1000);
  return trainer;
}
