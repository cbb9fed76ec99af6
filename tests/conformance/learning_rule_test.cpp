// Rules in training: SHAM is BACKPROP bit for bit, and the interface carries a rule whose B learns.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/random.h"
#include "models/mlp.h"
#include "models/resnet.h"
#include "train/learner.h"

namespace signsym {
namespace {

Tensor pictures(std::vector<int64_t> shape, const char* name = "pictures") {
  Tensor x = at::empty(shape, at::kFloat);
  Random(9, "test", name).normal(x.data_ptr<float>(), 0, x.numel());
  return x;
}

Tensor labels(int64_t n, int64_t classes) { return at::arange(n, at::kLong).remainder(classes); }

Learner learner(Graph graph, Rule rule, SgdOptions sgd = {}, ModelOptions options = {}) {
  auto model = std::make_unique<Model>(std::move(graph), options);
  model->set_feedback(std::vector<FeedbackRule>(model->layers().size(), FeedbackRule{rule}), 1);
  auto optimizer = std::make_unique<Sgd>(model->parameters(), std::vector<bool>(model->parameters().size(), true), sgd);
  return Learner(std::move(model), std::move(optimizer), CrossEntropy{});
}

void expect_equal_state(const Learner& a, const Learner& b) {
  const auto left = a.model().state(), right = b.model().state();
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i)
    EXPECT_TRUE(left[i].tensor.detach().equal(right[i].tensor.detach())) << left[i].name;
}

using Computing = std::tuple<c10::MemoryFormat, c10::ScalarType>;
class Sham : public testing::TestWithParam<Computing> {};

TEST_P(Sham, Equals_backpropagation_bit_for_bit_over_training_steps_of_a_residual_network) {
  ModelOptions options;
  std::tie(options.memory_format, options.compute_type) = GetParam();
  options.initialization = Initialization::kaiming_normal;
  Learner backprop = learner(resnet_cifar(14, 3, 10), Rule::backprop, {}, options);
  Learner sham = learner(resnet_cifar(14, 3, 10), Rule::sham, {}, options);
  for (uint32_t step = 0; step < 5; ++step) {
    const Tensor x = pictures({8, 3, 16, 16}, std::to_string(step).c_str());
    const double expected = backprop.step(x, labels(8, 10), step, 0.1).loss;
    EXPECT_EQ(sham.step(x, labels(8, 10), step, 0.1).loss, expected) << "step " << step;
  }
  expect_equal_state(sham, backprop);
}
INSTANTIATE_TEST_SUITE_P(In, Sham,
                         testing::Combine(testing::Values(c10::MemoryFormat::Contiguous, c10::MemoryFormat::ChannelsLast),
                                          testing::Values(at::kFloat, at::kBFloat16)),
                         [](const auto& info) {
                           const bool last = std::get<0>(info.param) == c10::MemoryFormat::ChannelsLast;
                           return std::string(last ? "channels_last" : "contiguous") +
                                  (std::get<1>(info.param) == at::kBFloat16 ? "_bfloat16" : "_float32");
                         });

// What the backward pass of these logits runs through: names of autograd's nodes.
std::multiset<std::string> backward_nodes(const Tensor& logits) {
  std::multiset<std::string> names;
  std::set<torch::autograd::Node*> seen;
  std::vector<torch::autograd::Node*> open{logits.grad_fn().get()};
  while (!open.empty()) {
    torch::autograd::Node* node = open.back();
    open.pop_back();
    if (!node || !seen.insert(node).second) continue;
    names.insert(node->name());
    for (const torch::autograd::Edge& edge : node->next_edges()) open.push_back(edge.function.get());
  }
  return names;
}

size_t count_of(const std::multiset<std::string>& names, const std::string& part) {
  return std::count_if(names.begin(), names.end(), [&](const std::string& name) { return name.find(part) != std::string::npos; });
}

TEST(Backpropagation, Is_LibTorchs_own_autograd_and_every_other_rule_goes_through_the_feedback_path_in_each_layer) {
  for (const Rule rule : {Rule::backprop, Rule::sham, Rule::sign_symmetry}) {
    Learner one = learner(resnet_cifar(8, 3, 10, 16), rule);
    one.model().update_feedback_weights(0);
    const auto nodes = backward_nodes(one.model().forward(pictures({2, 3, 32, 32}), Pass::training(0)));
    const size_t layers = one.model().layers().size();
    EXPECT_EQ(count_of(nodes, "Feedback"), rule == Rule::backprop ? 0u : layers) << rule_name(rule);
    EXPECT_EQ(count_of(nodes, "ConvolutionBackward"), rule == Rule::backprop ? layers - 1 : 0u) << rule_name(rule);
    EXPECT_GT(count_of(nodes, "NativeBatchNormBackward"), 0u);
  }
}

TEST(Rules, Other_than_sham_part_from_backpropagation_after_the_first_step) {
  for (const Rule rule : {Rule::sign_symmetry, Rule::sign_symmetry_batch_random, Rule::sign_symmetry_random_magnitude,
                          Rule::feedback_alignment, Rule::feedback_alignment_signed_init}) {
    Learner backprop = learner(resnet_cifar(8, 3, 10), Rule::backprop), other = learner(resnet_cifar(8, 3, 10), rule);
    const Tensor x = pictures({8, 3, 16, 16});
    EXPECT_EQ(backprop.step(x, labels(8, 10), 0, 0.1).loss, other.step(x, labels(8, 10), 0, 0.1).loss);
    EXPECT_NE(backprop.step(x, labels(8, 10), 1, 0.1).loss, other.step(x, labels(8, 10), 1, 0.1).loss) << rule_name(rule);
  }
}

TEST(Rules, All_take_the_same_step_in_the_last_layer_since_its_error_comes_from_the_loss) {
  const auto fc_after_a_step = [](Rule rule) {
    Learner one = learner(resnet_cifar(8, 3, 10), rule);
    one.step(pictures({8, 3, 16, 16}), labels(8, 10), 0, 0.1);
    return one.model().layers().back().weight.detach().clone();
  };
  const Tensor backprop = fc_after_a_step(Rule::backprop);
  for (const Rule rule : {Rule::sham, Rule::sign_symmetry, Rule::feedback_alignment})
    EXPECT_TRUE(fc_after_a_step(rule).equal(backprop)) << rule_name(rule);
}

TEST(Rules, Sign_symmetry_lowers_the_loss_where_the_error_passes_through_many_layers) {
  SgdOptions sgd;
  Learner one = learner(resnet_cifar(14, 3, 10), Rule::sign_symmetry, sgd);
  const Tensor x = pictures({32, 3, 16, 16});
  const double before = one.step(x, labels(32, 10), 0, 0.05).loss;
  double after = before;
  for (uint32_t step = 1; step < 30; ++step) after = one.step(x, labels(32, 10), step, 0.05).loss;
  EXPECT_LT(after, 0.3 * before);
}

// Kolen & Pollack 1994: B takes the step that W takes. In tests only: it shows that the strategy carries more than a B
// that is a function of W.
class KolenPollack : public FeedbackStrategy {
 public:
  explicit KolenPollack(double decay) : decay_(decay) {}

  void begin_step(Model& model, uint32_t) override {
    for (FeedbackLayer& layer : model.layers()) layer.feedback_weight = layer.state.fixed;
  }
  void learn(Model& model, double learning_rate) override {
    at::NoGradGuard no_grad;
    for (FeedbackLayer& layer : model.layers()) {
      Tensor& b = layer.state.fixed;
      b.sub_(layer.weight.grad().add(b, decay_), learning_rate);
    }
  }

 private:
  double decay_;
};

TEST(Kolen_Pollack, Brings_B_to_W_by_the_factor_1_minus_rate_times_decay_each_step) {
  const double rate = 0.1, decay = 0.05;
  SgdOptions sgd;
  sgd.momentum = 0;
  sgd.weight_decay = decay;
  Learner one = learner(mlp(20, {16, 12}, 5, ActivationKind::tanh), Rule::feedback_alignment, sgd);
  one.set_strategy(std::make_unique<KolenPollack>(decay));

  std::vector<Tensor> difference;
  for (const FeedbackLayer& layer : one.model().layers())
    difference.push_back(layer.weight.detach().sub(layer.state.fixed).to(at::kDouble));
  for (uint32_t step = 0; step < 200; ++step) {
    one.step(pictures({16, 20}, std::to_string(step).c_str()), labels(16, 5), step, rate);
    for (size_t i = 0; i < difference.size(); ++i) {
      const FeedbackLayer& layer = one.model().layers()[i];
      difference[i] = difference[i].mul(1 - rate * decay);
      const Tensor now = layer.weight.detach().sub(layer.state.fixed).to(at::kDouble);
      ASSERT_LT(now.sub(difference[i]).abs().max().item<double>(), 1e-5) << layer.name << " at step " << step;
    }
  }
  EXPECT_LT(difference[0].abs().max().item<double>(), 0.5);
}

// A direct rule through the same interface: the chain is cut at each node, and the error of the logits is brought there.
class DirectFeedback : public FeedbackStrategy {
 public:
  NodeObserver observer() override {
    return [this](const Node& node, Tensor y) {
      if (!std::holds_alternative<Activation>(node.operation)) return y;
      outputs_.push_back(y);
      return y.detach().set_requires_grad(true);
    };
  }
  void backward(Model&, const Tensor& loss, const Tensor& logits) override {
    logits.retain_grad();
    loss.backward();
    for (const Tensor& y : outputs_) {
      Tensor b = at::empty({logits.size(1), y.size(1)}, at::kFloat);
      Random(1, "direct", std::to_string(y.size(1))).normal(b.data_ptr<float>(), 0, b.numel());
      y.backward(logits.grad().mm(b));
    }
    outputs_.clear();
  }

 private:
  std::vector<Tensor> outputs_;
};

TEST(Direct_feedback, Fits_the_same_interface_and_learns) {
  SgdOptions sgd;
  sgd.momentum = 0;
  Learner one = learner(mlp(20, {64, 32}, 5, ActivationKind::tanh), Rule::backprop, sgd);
  one.set_strategy(std::make_unique<DirectFeedback>());
  const Tensor x = pictures({32, 20});
  const double before = one.step(x, labels(32, 5), 0, 0.05).loss;
  double after = before;
  for (uint32_t step = 1; step < 100; ++step) after = one.step(x, labels(32, 5), step, 0.05).loss;
  EXPECT_LT(after, 0.7 * before);
}

}  // namespace
}  // namespace signsym
