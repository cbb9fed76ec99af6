/* Trains on pictures in the program's own memory, with progress; Ctrl-C ends it after the step:
 *   own_memory examples/data/cifar10/data_batch_1.bin */
#include <signal.h>
#include <signsym/signsym.h>
#include <stdio.h>
#include <stdlib.h>

enum { pixels = 3 * 32 * 32, most = 50000 };

static const char config_text[] =
    "data { host {} batch_size: 64 held_out: VALIDATION transform { crop {} } transform { flip {} }\n"
    "       transform { normalize { mean: [0.49, 0.48, 0.45] std: [0.25, 0.24, 0.26] } } }\n"
    "model { resnet_cifar { depth: 8 classes: 10 } input { channels: 3 height: 32 width: 32 } }\n"
    "feedback { rule: SIGN_SYMMETRY }\n"
    "optimizer { learning_rate: 0.05 schedule { cosine {} } }\n"
    "train { epochs: 5 }\n";

static signsym_cancel *cancel;

static void on_interrupt(int signal) {
  (void)signal;
  signsym_cancel_set(cancel); /* legal in a signal handler */
}

static int on_event(const signsym_event *event, void *user) {
  (void)user;
  if (signsym_event_type(event) == SIGNSYM_EVENT_STEP)
    printf("\repoch %lld, step %lld of %lld, loss %.3f ", (long long)signsym_event_epoch(event),
           (long long)signsym_event_step_in_epoch(event), (long long)signsym_event_steps_per_epoch(event),
           signsym_event_loss(event));
  if (signsym_event_type(event) == SIGNSYM_EVENT_EPOCH) printf(" held out %.1f %%\n", signsym_event_top1(event));
  fflush(stdout);
  return 0;
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  unsigned char *pictures = malloc((size_t)most * pixels), *labels = malloc(most);
  int64_t shape[] = {0, 3, 32, 32};
  struct DLManagedTensorVersioned *samples = NULL, *targets = NULL;
  signsym_config *config = NULL;
  signsym_dataset *data = NULL;
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  signsym_status status;
  if (!file || !pictures || !labels) {
    fprintf(stderr, "usage: %s FILE of CIFAR-10 records\n", argv[0]);
    return 2;
  }
  for (int label; shape[0] < most && (label = fgetc(file)) != EOF; ++shape[0]) {
    labels[shape[0]] = (unsigned char)label;
    if (fread(pictures + shape[0] * pixels, pixels, 1, file) != 1) break;
  }
  fclose(file);
  (void)((status = signsym_tensor_wrap(pictures, SIGNSYM_U8, shape, NULL, 4, pictures, free, &samples, &error)) ||
         (status = signsym_tensor_wrap(labels, SIGNSYM_U8, shape, NULL, 1, labels, free, &targets, &error)) ||
         (status = signsym_dataset_create_from_memory(samples, targets, SIGNSYM_NCHW, 10, &data, &error)) ||
         (status = signsym_config_create(config_text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &config, &error)) ||
         (status = signsym_trainer_create_with(config, NULL, data, NULL, &trainer, &error)) ||
         (status = signsym_trainer_on_event(trainer, on_event, NULL, NULL, &error)) ||
         (status = signsym_cancel_create(&cancel, &error)));
  if (!status) {
    signal(SIGINT, on_interrupt);
    status = signsym_trainer_run(trainer, cancel, &error);
  }
  if (status) fprintf(stderr, "\n%s\n", signsym_error_message(error));
  signal(SIGINT, SIG_DFL);
  signsym_cancel_free(cancel);
  signsym_trainer_free(trainer);
  if (!data) signsym_tensor_free(samples), signsym_tensor_free(targets);
  signsym_dataset_free(data); /* the last user of the tensors: they go, and with them pictures and labels */
  signsym_config_free(config);
  signsym_error_free(error);
  return status != SIGNSYM_OK;
}
