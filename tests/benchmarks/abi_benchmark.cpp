// What the C ABI costs: pairs of seconds, through the library and by the core or LibTorch directly, in one process, for
// abi.py: one line of JSON.   abi_benchmark PAIRS
//   step       CIFAR ResNet-18, batch 64: signsym_trainer_step on pictures in host memory; Learner::step on tensors
//   predict    ResNet-18 on one picture of 224 × 224: signsym_model_predict; LibTorch's functions on the same weights
//   callback   500 steps of a tiny model with a no-op event callback; without one
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <signsym/signsym.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.h"
#include "models/resnet.h"
#include "train/learner.h"

namespace {

using Clock = std::chrono::steady_clock;

template <class Body>
double seconds_of(Body body) {
  const Clock::time_point start = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Runs both in turn, the first one changing, after three rounds that are not counted.
template <class First, class Second>
void compare(const char* name, int pairs, First first, Second second, const char* end) {
  std::printf("\"%s\": [", name);
  for (int i = -3; i < pairs; ++i) {
    double a = 0, b = 0;
    if (i % 2 == 0) a = seconds_of(first), b = seconds_of(second);
    else b = seconds_of(second), a = seconds_of(first);
    if (i >= 0) std::printf("%s[%.9f, %.9f]", i ? ", " : "", a, b);
  }
  std::printf("]%s\n", end);
  std::fflush(stdout);
}

std::unique_ptr<signsym::Model> core_model(signsym::Stem stem, int64_t classes) {
  signsym::ModelOptions options;
  options.memory_format = c10::MemoryFormat::ChannelsLast;
  options.initialization = signsym::Initialization::kaiming_normal;
  auto model = std::make_unique<signsym::Model>(signsym::resnet(18, stem, 3, classes, 64), options);
  model->set_feedback(std::vector<signsym::FeedbackRule>(model->layers().size()), 1);
  return model;
}

void ok(signsym_status status) {
  if (status) throw std::runtime_error(signsym_status_name(status));
}

signsym_config* parse(const char* text) {
  signsym_config* config = nullptr;
  ok(signsym_config_create(text, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, nullptr, &config, nullptr));
  return config;
}

struct DLManagedTensorVersioned* wrap(void* data, signsym_type type, const std::vector<int64_t>& shape) {
  struct DLManagedTensorVersioned* tensor = nullptr;
  ok(signsym_tensor_wrap(data, type, shape.data(), nullptr, static_cast<int32_t>(shape.size()), nullptr, nullptr,
                         &tensor, nullptr));
  return tensor;
}

std::vector<float> noise(int64_t count) {
  std::vector<float> values(count);
  signsym::Random(1, "benchmark", "pictures").normal(values.data(), 0, count);
  return values;
}

void compare_steps(int pairs) {
  constexpr int64_t batch = 64;
  std::vector<float> pictures = noise(batch * 3 * 32 * 32);
  std::vector<int64_t> labels(batch);
  for (int64_t i = 0; i < batch; ++i) labels[i] = i % 10;

  signsym_config* config = parse("data { host {} } model { resnet { depth: 18 classes: 10 } input { channels: 3 height: 32 "
                                 "width: 32 } } optimizer { learning_rate: 0.01 } compute { precision: FP32 }");
  signsym_trainer* trainer = nullptr;
  ok(signsym_trainer_create_with(config, nullptr, nullptr, nullptr, &trainer, nullptr));
  const auto* samples = wrap(pictures.data(), SIGNSYM_F32, {batch, 3, 32, 32});
  const auto* targets = wrap(labels.data(), SIGNSYM_I64, {batch});

  auto model = core_model(signsym::Stem::cifar, 10);
  auto optimizer = std::make_unique<signsym::Sgd>(
      model->parameters(), std::vector<bool>(model->parameters().size(), true), signsym::SgdOptions{});
  signsym::Learner learner(std::move(model), std::move(optimizer), signsym::CrossEntropy{});
  const at::Tensor x = at::from_blob(pictures.data(), {batch, 3, 32, 32}).contiguous(c10::MemoryFormat::ChannelsLast);
  const at::Tensor y = at::from_blob(labels.data(), {batch}, at::kLong);
  uint32_t step = 0;
  compare(
      "step", pairs,
      [&] {
        ok(signsym_trainer_step(trainer, &samples->dl_tensor, &targets->dl_tensor, SIGNSYM_NCHW, nullptr, nullptr));
      },
      [&] { learner.step(x, y, step++, 0.01); }, ",");
}

// torchvision's ResNet-18, as one would write it with LibTorch alone.
class Direct {
 public:
  explicit Direct(const signsym::Model& model) {
    for (const signsym::NamedTensor& named : model.state()) weights_[named.name] = named.tensor.detach();
  }

  at::Tensor forward(at::Tensor x) const {
    x = convolve(x, "conv1", "bn1", 2).relu_();
    x = at::max_pool2d(x, 3, 2, 1);
    for (int stage = 1; stage <= 4; ++stage)
      for (int block = 0; block < 2; ++block) {
        const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(block);
        const int stride = stage > 1 && block == 0 ? 2 : 1;
        const at::Tensor identity =
            stride == 1 ? x : convolve(x, name + ".downsample.0", name + ".downsample.1", stride);
        x = convolve(x, name + ".conv1", name + ".bn1", stride).relu_();
        x = convolve(x, name + ".conv2", name + ".bn2", 1).add_(identity).relu_();
      }
    return at::linear(at::adaptive_avg_pool2d(x, {1, 1}).flatten(1), weights_.at("fc.weight"), weights_.at("fc.bias"));
  }

 private:
  at::Tensor convolve(const at::Tensor& x, const std::string& convolution, const std::string& norm, int64_t stride) const {
    const at::Tensor& weight = weights_.at(convolution + ".weight");
    return at::batch_norm(at::conv2d(x, weight, {}, stride, weight.size(2) / 2), weights_.at(norm + ".weight"),
                          weights_.at(norm + ".bias"), weights_.at(norm + ".running_mean"),
                          weights_.at(norm + ".running_var"), /*training=*/false, 0.1, 1e-5, /*cudnn_enabled=*/false);
  }

  std::map<std::string, at::Tensor> weights_;
};

void compare_predictions(int pairs) {
  std::vector<float> picture = noise(3 * 224 * 224);
  signsym_config* config = parse("data { host {} } model { resnet { depth: 18 stem: IMAGENET classes: 1000 } input { "
                                 "channels: 3 height: 224 width: 224 } } compute { precision: FP32 }");
  signsym_model* model = nullptr;
  ok(signsym_model_create(config, &model, nullptr));
  const auto* samples = wrap(picture.data(), SIGNSYM_F32, {1, 3, 224, 224});
  const auto plain = core_model(signsym::Stem::imagenet, 1000);
  const Direct direct(*plain);
  const at::Tensor x = at::from_blob(picture.data(), {1, 3, 224, 224});
  at::NoGradGuard no_grad;
  const at::Tensor expected = plain->forward(x.contiguous(c10::MemoryFormat::ChannelsLast), signsym::Pass::evaluation());
  if (!direct.forward(x.contiguous(c10::MemoryFormat::ChannelsLast)).allclose(expected, 1e-4, 1e-5))
    throw std::runtime_error("the two predictions differ");
  compare(
      "predict", pairs,
      [&] {
        struct DLManagedTensorVersioned* out = nullptr;
        ok(signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, 0, &out, nullptr));
        signsym_tensor_free(out);
      },
      [&] {
        direct.forward(x.contiguous(c10::MemoryFormat::ChannelsLast));
      },
      ",");
}

int nothing(const signsym_event*, void*) { return 0; }

// Runs of a few steps, so that what the machine does in between falls on both.
void compare_callbacks(int pairs) {
  constexpr int64_t steps = 500;
  const signsym_sample_fn give = [](int64_t, void* out, int64_t* label, void*) {
    *static_cast<float*>(out) = 1;
    *label = 0;
    return 0;
  };
  const int64_t shape[] = {1};
  const auto make_trainer = [&] {
    signsym_config* config = parse("data { host {} batch_size: 1 } model { mlp {} } compute { threads: 1 } "
                                   "train { epochs: 1000000 measure_alignment: false }");
    signsym_dataset* set = nullptr;
    signsym_trainer* trainer = nullptr;
    ok(signsym_dataset_create_from_callback(10 * steps, 2, shape, 1, SIGNSYM_F32, SIGNSYM_NCHW, 0, give, nullptr, nullptr,
                                            &set, nullptr));
    ok(signsym_trainer_create_with(config, nullptr, set, nullptr, &trainer, nullptr));
    return trainer;
  };
  signsym_trainer *told = make_trainer(), *silent = make_trainer();
  ok(signsym_trainer_on_event(told, nothing, nullptr, nullptr, nullptr));
  std::printf("\"callback_steps\": %lld,\n", static_cast<long long>(steps));
  const auto run = [](signsym_trainer* trainer) { ok(signsym_trainer_run_for(trainer, 0, steps, nullptr, nullptr)); };
  compare("callback", pairs, [&] { run(told); }, [&] { run(silent); }, "}");
}

}  // namespace

int main(int count, char** arguments) {
  const int pairs = count == 2 ? std::atoi(arguments[1]) : 0;
  if (pairs < 1) return std::fprintf(stderr, "usage: abi_benchmark PAIRS\n"), 2;
  try {
    std::printf("{\"threads\": %d,\n", at::get_num_threads());
    compare_steps(pairs);
    compare_predictions(10 * pairs);
    compare_callbacks(20 * pairs);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "abi_benchmark: %s\n", error.what());
    return 1;
  }
}
