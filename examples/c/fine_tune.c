/* Fine-tunes torchvision's ResNet-18 on five classes of one's own, then predicts. script/torch2safetensors makes the
 * weights from a .pth; here the pictures are the CIFAR-10 records of labels 0 to 4:
 *   fine_tune resnet18.safetensors examples/data/cifar10/data_batch_1.bin */
#include <signsym/signsym.h>
#include <stdio.h>

enum { pixels = 3 * 32 * 32, most = 256 };
static unsigned char pictures[most][pixels];
static int64_t labels[most];

static const char config_text[] =
    "data { host {} batch_size: 32\n"
    "       transform { normalize { mean: [0.485, 0.456, 0.406] std: [0.229, 0.224, 0.225] } } }\n"
    "model { resnet { depth: 18 stem: IMAGENET classes: 5 } input { channels: 3 height: 32 width: 32 }\n"
    "        weights_except: \"fc.*\" }\n"                       /* a new head */
    "optimizer { learning_rate: 0.01 freeze: [\"conv1.*\", \"bn1.*\", \"layer1.*\"] }\n"
    "train { epochs: 1 measure_alignment: false }\n";

int main(int argc, char **argv) {
  FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
  int64_t shape[] = {0, 3, 32, 32};
  struct DLManagedTensorVersioned *samples = NULL, *targets = NULL, *answers = NULL;
  signsym_config *config = NULL;
  signsym_model *model = NULL;
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  signsym_status status;
  double loss = 0;
  if (!file) return fprintf(stderr, "usage: %s WEIGHTS.safetensors FILE of CIFAR-10 records\n", argv[0]), 2;
  while (shape[0] < most && (labels[shape[0]] = fgetc(file)) >= 0 && fread(pictures[shape[0]], pixels, 1, file) == 1)
    if (labels[shape[0]] < 5) ++shape[0];
  fclose(file);
  (void)((status = signsym_tensor_wrap(pictures, SIGNSYM_U8, shape, NULL, 4, NULL, NULL, &samples, &error)) ||
         (status = signsym_tensor_wrap(labels, SIGNSYM_I64, shape, NULL, 1, NULL, NULL, &targets, &error)) ||
         (status = signsym_config_create(config_text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, NULL, &config, &error)) ||
         (status = signsym_config_set(config, "model.weights", argv[1], &error)) ||
         (status = signsym_model_create(config, &model, &error)) ||
         (status = signsym_trainer_create_with(config, model, NULL, NULL, &trainer, &error)));
  for (int step = 0; !status && step < 4; ++step) {
    status = signsym_trainer_step(trainer, &samples->dl_tensor, &targets->dl_tensor, SIGNSYM_NCHW, &loss, &error);
    if (!status) printf("step %d: loss %.3f\n", step + 1, loss);
  }
  if (!status)
    status = signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, SIGNSYM_PROBABILITIES, &answers, &error);
  if (!status) printf("picture 0 is of class %lld with probability %.2f\n", (long long)labels[0],
                      ((const float *)answers->dl_tensor.data)[labels[0]]);
  if (status) fprintf(stderr, "%s\n", signsym_error_message(error));
  signsym_tensor_free(answers);
  signsym_tensor_free(samples);
  signsym_tensor_free(targets);
  signsym_trainer_free(trainer);
  signsym_model_free(model);
  signsym_config_free(config);
  signsym_error_free(error);
  return status != SIGNSYM_OK;
}
