// Graphs of every operation: rules, memory and dropout. PyTorch's numbers for them are in reference_test.cpp.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "graphs.h"
#include "nn/dropout.h"
#include "train/alignment.h"

namespace signsym {
namespace {

constexpr Rule all_rules[] = {Rule::sham, Rule::sign_symmetry, Rule::sign_symmetry_batch_random,
                              Rule::sign_symmetry_random_magnitude, Rule::feedback_alignment,
                              Rule::feedback_alignment_signed_init};

Tensor labels() { return at::arange(8, at::kLong).remainder(5); }

std::vector<int64_t> batch_of(const Shape& shape) {
  std::vector<int64_t> sizes{8};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return sizes;
}

TEST(Graphs, The_one_that_the_tests_share_has_every_operation) {
  std::set<size_t> operations;
  std::set<ActivationKind> activations;
  for (const Node& node : every_operation().nodes) {
    operations.insert(node.operation.index());
    if (const auto* activation = std::get_if<Activation>(&node.operation)) activations.insert(activation->kind);
  }
  EXPECT_EQ(operations.size(), std::variant_size_v<Operation>);
  EXPECT_EQ(activations.size(), static_cast<size_t>(ActivationKind::hardswish) + 1);
}

// ---- memory formats and types

class EveryOperation : public testing::TestWithParam<std::tuple<c10::MemoryFormat, at::ScalarType>> {
 protected:
  ModelOptions options() const {
    ModelOptions options;
    options.memory_format = std::get<0>(GetParam());
    options.compute_type = std::get<1>(GetParam());
    return options;
  }
};

TEST_P(EveryOperation, Trains_under_SHAM_as_under_BACKPROP_bit_for_bit) {
  Learner backprop = learner_of(every_operation(), {Rule::backprop}, options());
  Learner sham = learner_of(every_operation(), {Rule::sham}, options());
  for (uint32_t step = 0; step < 4; ++step) {
    const Tensor x = normal(batch_of(every_operation_input), std::to_string(step).c_str());
    EXPECT_EQ(sham.step(x, labels(), step, 0.05).loss, backprop.step(x, labels(), step, 0.05).loss) << "step " << step;
  }
  const auto left = sham.model().state(), right = backprop.model().state();
  for (size_t i = 0; i < left.size(); ++i) EXPECT_TRUE(left[i].tensor.equal(right[i].tensor)) << left[i].name;
}

// An observer that changes nothing keeps every operation from running in place.
class Watched : public FeedbackStrategy {
 public:
  NodeObserver observer() override { return [](const Node&, Tensor y) { return y; }; }
};

TEST_P(EveryOperation, Gives_in_place_what_it_gives_out_of_place_bit_for_bit) {
  Learner in_place = learner_of(every_operation(), {Rule::sign_symmetry}, options());
  Learner out_of_place = learner_of(every_operation(), {Rule::sign_symmetry}, options());
  out_of_place.set_strategy(std::make_unique<Watched>());
  const Tensor x = normal(batch_of(every_operation_input));
  for (uint32_t step = 0; step < 2; ++step)
    EXPECT_EQ(in_place.step(x, labels(), step, 0.05).loss, out_of_place.step(x, labels(), step, 0.05).loss);
  const auto left = in_place.model().state(), right = out_of_place.model().state();
  for (size_t i = 0; i < left.size(); ++i) EXPECT_TRUE(left[i].tensor.equal(right[i].tensor)) << left[i].name;
  at::NoGradGuard no_grad;
  const NodeObserver watch = [](const Node&, Tensor y) { return y; };
  EXPECT_TRUE(in_place.model().forward(x, Pass::evaluation()).equal(in_place.model().forward(x, Pass::evaluation(), watch)));
}

TEST_P(EveryOperation, Leaves_the_running_statistics_as_they_were_when_a_step_fails) {
  Learner one = learner_of(every_operation(), {Rule::sign_symmetry}, options());
  one.step(normal(batch_of(every_operation_input)), labels(), 0, 0.05);
  std::vector<Tensor> before;
  for (const NamedTensor& named : one.model().state()) before.push_back(named.tensor.detach().clone());
  const Tensor poisoned = normal(batch_of(every_operation_input));
  poisoned.view({-1})[5].fill_(INFINITY);
  EXPECT_ANY_THROW(one.step(poisoned, labels(), 1, 0.05));
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(one.model().state()[i].tensor.equal(before[i])) << one.model().state()[i].name;
}

INSTANTIATE_TEST_SUITE_P(Of, EveryOperation,
                         testing::Combine(testing::Values(c10::MemoryFormat::Contiguous, c10::MemoryFormat::ChannelsLast),
                                          testing::Values(at::kFloat, at::kBFloat16)),
                         [](const auto& info) {
                           return std::string(std::get<1>(info.param) == at::kFloat ? "fp32" : "bf16") +
                                  (std::get<0>(info.param) == c10::MemoryFormat::ChannelsLast ? "_channels_last"
                                                                                              : "_contiguous");
                         });

// Random feedback through so many layers takes longer than a test.
TEST(Graphs, Learn_under_every_rule_that_has_the_signs) {
  for (const Rule rule : {Rule::sham, Rule::sign_symmetry, Rule::sign_symmetry_batch_random,
                          Rule::sign_symmetry_random_magnitude}) {
    Learner one = learner_of(every_operation(), {rule});
    const Tensor x = normal(batch_of(every_operation_input));
    const double before = one.step(x, labels(), 0, 0.1).loss;
    double after = before;
    for (uint32_t step = 1; step < 60; ++step) after = one.step(x, labels(), step, 0.1).loss;
    EXPECT_LT(after, 0.9 * before) << rule_name(rule);
  }
}

// ---- depthwise convolutions

TEST(Depthwise, Feedback_weights_have_the_shape_of_W_and_the_scale_of_its_shape) {
  const int64_t channels = 6, multiplier = 2, out = channels * multiplier;
  Graph g{"depthwise", {}};
  g.add("first", Conv2dOptions{3, channels, {3, 3}}, {"input"});
  g.add("dw", Conv2dOptions{channels, out, {3, 5}, {1, 1}, {1, 2}, {1, 1}, channels}, {"first"});
  g.add("gap", GlobalAveragePool{}, {"dw"});
  g.add("flat", Flatten{}, {"gap"});
  g.add("fc", LinearOptions{out, 5}, {"flat"});
  const double fan_in = 1 * 15, fan_out = out * 15;  // W is (out, 1, 3, 5)
  for (const Rule rule : all_rules) {
    for (const auto& [scale, s] : {std::pair(Scale::authors, std::sqrt(2 / fan_out)),
                                   std::pair(Scale::xavier, std::sqrt(2 / (fan_in + fan_out)))}) {
      Learner one = learner_of(g, {rule, scale});
      one.step(normal({8, 3, 8, 8}), labels(), 0, 0.1);
      const FeedbackLayer& dw = one.model().layers()[1];
      const Tensor b = dw.feedback_weight;
      ASSERT_EQ(b.sizes(), (std::vector<int64_t>{out, 1, 3, 5})) << rule_name(rule);
      if (rule == Rule::sign_symmetry || rule == Rule::feedback_alignment_signed_init) {
        EXPECT_TRUE(at::allclose(b.abs(), at::full_like(b, s))) << rule_name(rule);
      }
      const double angle = measure_alignment(dw).angle;
      if (rule == Rule::sham) EXPECT_EQ(angle, 0);
      else if (rule == Rule::feedback_alignment) EXPECT_NEAR(angle, 90, 25);
      else EXPECT_TRUE(angle > 5 && angle < 65) << rule_name(rule) << " " << angle;
    }
  }
}

// By hand: each channel's error goes down through its own kernels of B alone.
TEST(Depthwise, Error_is_carried_down_by_B_channel_by_channel) {
  const Conv2dOptions options{4, 8, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 4, false};
  const Tensor x = normal({2, 4, 5, 6}).to(at::kDouble).set_requires_grad(true);
  const Tensor w = normal({8, 1, 3, 3}, "w").to(at::kDouble), b = normal({8, 1, 3, 3}, "b").to(at::kDouble);
  const Tensor g = normal({2, 8, 5, 6}, "g").to(at::kDouble);
  conv2d(x, w, {}, options, b).backward(g);
  for (int64_t c = 0; c < 4; ++c) {
    const Tensor expected = at::conv_transpose2d(g.slice(1, 2 * c, 2 * c + 2), b.slice(0, 2 * c, 2 * c + 2), {}, {1, 1}, {1, 1});
    EXPECT_TRUE(at::allclose(x.grad().slice(1, c, c + 1), expected, 1e-10, 1e-10)) << c;
  }
}

// ---- dropout

Graph dropping(double probability) {
  Graph g{"dropping", {}};
  g.add("flat", Flatten{}, {"input"});
  g.add("drop", Dropout{probability}, {"flat"});
  g.add("other", Dropout{probability}, {"flat"});
  g.add("cat", Concat{}, {"drop", "other"});
  g.add("fc", LinearOptions{2 * 3 * 20 * 20, 5}, {"cat"});
  return g;
}

// What a node gives in a pass.
Tensor seen(const Model& model, const std::string& name, Pass pass, const Tensor& x) {
  Tensor found;
  at::NoGradGuard no_grad;
  model.forward(x, pass, [&](const Node& node, Tensor y) {
    if (node.name == name) found = y.clone();
    return y;
  });
  return found;
}

TEST(Dropout, Drops_its_share_and_scales_the_rest) {
  const Model model(dropping(0.3), {});
  const Tensor x = at::ones({64, 3, 20, 20});
  const Tensor y = seen(model, "drop", Pass::training(4), x);
  const double dropped = y.eq(0).sum().item<double>() / y.numel();
  EXPECT_NEAR(dropped, 0.3, 4 * std::sqrt(0.3 * 0.7 / y.numel()));
  EXPECT_TRUE(at::allclose(y.masked_select(y.ne(0)), at::scalar_tensor(1 / 0.7)));
}

TEST(Dropout, Is_what_seed_node_step_and_place_say) {
  ModelOptions options;
  options.seed = 17;
  const Model model(dropping(0.5), options);
  const Tensor x = normal({5, 3, 20, 20}), flat = x.flatten(1);
  const Random random(17, "dropout", "drop", 9);
  Tensor expected = at::empty_like(flat);
  for (int64_t i = 0; i < flat.numel(); ++i)
    expected.data_ptr<float>()[i] = random.uniform(i) < 0.5f ? 0 : 2 * flat.data_ptr<float>()[i];
  EXPECT_TRUE(seen(model, "drop", Pass::training(9), x).equal(expected));
  EXPECT_FALSE(seen(model, "drop", Pass::training(10), x).equal(expected));
  EXPECT_FALSE(seen(model, "other", Pass::training(9), x).equal(expected));
  options.seed = 18;
  EXPECT_FALSE(seen(Model(dropping(0.5), options), "drop", Pass::training(9), x).equal(expected));
}

TEST(Dropout, Is_the_same_on_any_number_of_threads_and_in_each_memory_format) {
  const Random random(1, "dropout", "node", 3);
  const Tensor x = normal({16, 8, 24, 24});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor one = dropout(x, 0.4, random);
  at::set_num_threads(3);
  EXPECT_TRUE(dropout(x, 0.4, random).equal(one));
  at::set_num_threads(threads);
  const Tensor last = dropout(x.contiguous(at::MemoryFormat::ChannelsLast), 0.4, random);
  EXPECT_TRUE(last.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(last.equal(one));
  EXPECT_TRUE(dropout(x.to(at::kBFloat16), 0.4, random).eq(0).equal(one.eq(0)));
}

TEST(Dropout, Lets_the_error_through_where_it_let_the_value_through) {
  const Random random(1, "dropout", "node", 3);
  const Tensor x = normal({4, 50}).set_requires_grad(true), g = normal({4, 50}, "g");
  const Tensor y = dropout(x, 0.4, random);
  y.backward(g);
  EXPECT_TRUE(x.grad().equal(at::where(y.eq(0), at::zeros_like(g), g.mul(1 / 0.6))));
}

TEST(Dropout, Passes_all_on_in_evaluation_and_where_its_probability_is_0) {
  const Tensor x = normal({5, 3, 20, 20}), flat = x.flatten(1);
  EXPECT_TRUE(seen(Model(dropping(0.5), {}), "drop", Pass::evaluation(), x).equal(flat));
  EXPECT_TRUE(seen(Model(dropping(0), {}), "drop", Pass::training(1), x).equal(flat));
}

}  // namespace
}  // namespace signsym
