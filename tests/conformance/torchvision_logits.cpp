// The library's side of tests/reference/check_torchvision.py.
//   torchvision_logits read DEPTH WEIGHTS LOGITS   loads torchvision's WEIGHTS and compares the logits with LOGITS
//   torchvision_logits write DEPTH WEIGHTS LOGITS  writes both for a model of ours
// Exit status: 0; 1 above a difference of 1e-4; 2 on an error.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/random.h"
#include "models/resnet.h"
#include "train/checkpoint.h"

namespace {

using namespace signsym;

constexpr double largest_allowed = 1e-4;

Tensor tensor_of(const Safetensors& file, const char* name) {
  const TensorView* view = file.find(name);
  if (!view) throw std::runtime_error(std::string("no tensor ") + name);
  Tensor out = at::empty(view->shape, at::kFloat);
  std::memcpy(out.data_ptr(), view->data, view->bytes());
  return out;
}

int read(Model& model, const char* weights, const char* logits) {
  read_weights(weights, model);
  const Safetensors expected = Safetensors::read(logits);
  const Tensor ours = model.forward(tensor_of(expected, "input"), Pass::evaluation());
  const double difference = ours.sub(tensor_of(expected, "logits")).abs().max().item<double>();
  std::printf("%s: largest difference of the logits %.2e, largest allowed %.0e\n", model.graph().name.c_str(), difference,
              largest_allowed);
  return difference <= largest_allowed ? 0 : 1;  // NaN is not
}

void write(const Model& model, const char* weights, const char* logits) {
  const Tensor input = at::empty({2, 3, 224, 224}, at::kFloat);
  Random(1, "test", "input").normal(input.data_ptr<float>(), 0, input.numel());
  model.forward(input, Pass::training(0));  // so that the running statistics matter
  const Tensor output = model.forward(input, Pass::evaluation()).contiguous();
  write_weights(weights, model);
  write_safetensors(logits,
                    {{"input", ScalarType::f32, input.sizes().vec(), input.data_ptr()},
                     {"logits", ScalarType::f32, output.sizes().vec(), output.data_ptr()}},
                    {});
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 2;
  try {
    at::NoGradGuard no_grad;
    ModelOptions options;
    options.initialization = Initialization::kaiming_normal;
    options.memory_format = c10::MemoryFormat::ChannelsLast;
    Model model(resnet(std::atoi(arguments[2]), Stem::imagenet, 3, 1000), options);
    if (!std::strcmp(arguments[1], "read")) return read(model, arguments[3], arguments[4]);
    write(model, arguments[3], arguments[4]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
