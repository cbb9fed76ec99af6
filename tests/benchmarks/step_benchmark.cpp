// The library's training step for compare.py, whose text has the protocol: kuangliu's CIFAR ResNet-18 in fp32, cross
// entropy, SGD, one random batch in memory.
//   step_benchmark --rule SIGN_SYMMETRY [--batch 64] [--threads 2] [--memory-format contiguous|channels_last]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <chrono>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "base/random.h"
#include "models/resnet.h"
#include "train/learner.h"

namespace {

using namespace signsym;

Rule rule_of(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(Rule::feedback_alignment_signed_init); ++i)
    if (name == rule_name(static_cast<Rule>(i))) return static_cast<Rule>(i);
  throw std::runtime_error("--rule " + name + ": a name from proto/signsym/v1/feedback.proto is expected");
}

std::map<std::string, std::string> parse(int count, char** arguments) {
  std::map<std::string, std::string> options{{"--rule", "SIGN_SYMMETRY"}, {"--batch", "64"}, {"--threads", "2"},
                                             {"--memory-format", "channels_last"}};
  for (int i = 1; i < count; i += 2) {
    if (!options.count(arguments[i]) || i + 1 == count)
      throw std::runtime_error(std::string(arguments[i]) + ": --rule, --batch, --threads or --memory-format with a value "
                                                           "is expected");
    options[arguments[i]] = arguments[i + 1];
  }
  if (options["--memory-format"] != "contiguous" && options["--memory-format"] != "channels_last")
    throw std::runtime_error("--memory-format: contiguous or channels_last is expected");
  return options;
}

Learner make_learner(Rule rule, c10::MemoryFormat format) {
  ModelOptions options;
  options.memory_format = format;
  options.initialization = Initialization::kaiming_normal;
  auto model = std::make_unique<Model>(resnet(18, Stem::cifar, 3, 10, 64), options);
  model->set_feedback(std::vector<FeedbackRule>(model->layers().size(), FeedbackRule{rule}), /*seed=*/1);
  auto optimizer = std::make_unique<Sgd>(model->parameters(), std::vector<bool>(model->parameters().size(), true),
                                         SgdOptions{});  // momentum 0.9, decay 1e-4
  return Learner(std::move(model), std::move(optimizer), CrossEntropy{});
}

void answer(Learner& learner, const Tensor& pictures, const Tensor& labels) {
  using Clock = std::chrono::steady_clock;
  uint32_t step = 0;
  for (std::string word; std::cin >> word;) {
    int64_t count = 0;
    if (word != "step" || !(std::cin >> count)) throw std::runtime_error("'step N' is expected");
    for (int64_t i = 0; i < count; ++i) {
      const Clock::time_point start = Clock::now();
      learner.step(pictures, labels, step++, 0.01);
      std::cout << std::chrono::duration<double>(Clock::now() - start).count() << std::endl;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    auto options = parse(count, arguments);
    at::set_num_threads(std::stoi(options["--threads"]));
    const auto format = options["--memory-format"] == "contiguous" ? c10::MemoryFormat::Contiguous
                                                                   : c10::MemoryFormat::ChannelsLast;
    const int64_t batch = std::stoll(options["--batch"]);
    const Tensor pictures = at::empty({batch, 3, 32, 32}, at::kFloat);
    Random(1, "benchmark", "pictures").normal(pictures.data_ptr<float>(), 0, pictures.numel());
    const Tensor labels = at::arange(batch, at::kLong).remainder(10);
    Learner learner = make_learner(rule_of(options["--rule"]), format);
    std::cout << "{\"program\": \"libsignsym\", \"version\": \"" SIGNSYM_VERSION " with LibTorch " TORCH_VERSION
              << "\", \"threads\": " << at::get_num_threads() << "}" << std::endl;
    answer(learner, pictures.contiguous(format), labels);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "step_benchmark: " << error.what() << std::endl;
    return 1;
  }
}
