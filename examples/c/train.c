/* Trains what a config says: train CONFIG. */
#include <signsym/signsym.h>
#include <stdio.h>

static int on_event(const signsym_event *event, void *user) {
  (void)user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_EPOCH) {
    printf("epoch %lld: loss %.3f, held out %.1f %%\n", (long long)signsym_event_epoch(event),
           signsym_event_loss(event), signsym_event_top1(event));
    fflush(stdout);
  }
  return 0; /* anything else stops the run */
}

int main(int argc, char **argv) {
  signsym_error *error = NULL;
  signsym_trainer *trainer = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: %s CONFIG\n", argv[0]);
    return 2;
  }
  if (signsym_trainer_create_from_file(argv[1], &trainer, &error) ||
      signsym_trainer_on_event(trainer, on_event, NULL, NULL, &error) ||
      signsym_trainer_run(trainer, NULL, &error))
    fprintf(stderr, "%s\n", signsym_error_message(error));
  const int failed = error != NULL;
  signsym_trainer_free(trainer);
  signsym_error_free(error);
  return failed;
}
