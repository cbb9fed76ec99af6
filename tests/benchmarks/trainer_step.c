/* A step of a run through the C ABI, as the driver makes it, for java.py: a contestant of compare.py, whose text has the
 * protocol. The callback waits between two steps.
 *   trainer_step CONFIG-TEXT */
#include <signsym/signsym.h>
#include <stdio.h>
#include <time.h>

struct pace {
  double start;   /* of the step that goes on, seconds */
  long long left; /* steps that are asked for */
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int on_event(const signsym_event *event, void *user) {
  struct pace *pace = user;
  const signsym_event_kind kind = signsym_event_type(event);
  if (kind == SIGNSYM_EVENT_START) {
    printf("{\"program\": \"C\", \"version\": \"%s\", \"threads\": 2}\n", signsym_version());
  } else if (kind == SIGNSYM_EVENT_STEP) {
    printf("%.9f\n", now() - pace->start);
    --pace->left;
  } else {
    return 0;
  }
  fflush(stdout);
  if (pace->left == 0 && scanf(" step %lld", &pace->left) != 1) return 1; /* the input has ended */
  pace->start = now();
  return 0;
}

int main(int argc, char **argv) {
  signsym_error *error = NULL;
  signsym_config *config = NULL;
  signsym_trainer *trainer = NULL;
  struct pace pace = {0, 0};
  if (argc != 2) return 2;
  if (signsym_config_create(argv[1], SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &config, &error) ||
      signsym_trainer_create(config, &trainer, &error) ||
      signsym_trainer_on_event(trainer, on_event, &pace, NULL, &error) || signsym_trainer_run(trainer, NULL, &error)) {
    const signsym_status status = signsym_error_status(error);
    if (status != SIGNSYM_CALLBACK_FAILED) fprintf(stderr, "trainer_step: %s\n", signsym_error_message(error));
    signsym_error_free(error);
    signsym_trainer_free(trainer);
    signsym_config_free(config);
    return status != SIGNSYM_CALLBACK_FAILED;
  }
  return 0;
}
