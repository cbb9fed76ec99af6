// Initial weights and biases: the bound or deviation that each initialization promises.
#include "models/initialize.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace signsym {
namespace {

using at::Tensor;

constexpr Initialization all[] = {Initialization::pytorch, Initialization::kaiming_normal, Initialization::xavier_uniform};
const std::vector<int64_t> of_convolution{128, 64, 3, 5}, of_linear{300, 200};  // fan_in 960, fan_out 1920

Tensor weight(Initialization how, const std::vector<int64_t>& shape, const char* name = "layer", uint64_t seed = 1) {
  return initial_weight(how, shape, seed, name);
}

// Of 60,000 values or more: the standard error of the deviation is below a third of a percent.
void expect_uniform(const Tensor& values, double bound) {
  const double largest = values.abs().max().item<double>();
  EXPECT_LE(largest, bound * (1 + 1e-6));
  EXPECT_GT(largest, 0.999 * bound);
  EXPECT_NEAR(values.std().item<double>(), bound / std::sqrt(3), 0.01 * bound);
  EXPECT_NEAR(values.mean().item<double>(), 0, 0.01 * bound);
}

TEST(Initial_weights, Of_PyTorch_are_uniform_within_1_over_the_root_of_fan_in) {
  expect_uniform(weight(Initialization::pytorch, of_convolution), 1 / std::sqrt(64 * 3 * 5));
  expect_uniform(weight(Initialization::pytorch, of_linear), 1 / std::sqrt(200));
}

TEST(Initial_weights, Of_Kaiming_are_normal_with_variance_2_over_fan_out_and_those_of_a_linear_layer_are_PyTorch_s) {
  const double deviation = std::sqrt(2.0 / (128 * 3 * 5));
  const Tensor w = weight(Initialization::kaiming_normal, of_convolution);
  EXPECT_NEAR(w.std().item<double>(), deviation, 0.01 * deviation);
  EXPECT_NEAR(w.mean().item<double>(), 0, 0.01 * deviation);
  EXPECT_NEAR(w.abs().le(deviation).to(at::kDouble).mean().item<double>(), 0.6827, 0.01);
  EXPECT_NEAR(w.abs().le(2 * deviation).to(at::kDouble).mean().item<double>(), 0.9545, 0.01);
  EXPECT_TRUE(weight(Initialization::kaiming_normal, of_linear).equal(weight(Initialization::pytorch, of_linear)));
}

TEST(Initial_weights, Of_Xavier_are_uniform_within_the_root_of_6_over_both_fans) {
  expect_uniform(weight(Initialization::xavier_uniform, of_convolution), std::sqrt(6.0 / ((64 + 128) * 3 * 5)));
  expect_uniform(weight(Initialization::xavier_uniform, of_linear), std::sqrt(6.0 / (200 + 300)));
}

TEST(Initial_weights, Are_the_same_for_equal_seed_and_name_and_others_else) {
  for (const Initialization how : all) {
    const Tensor w = weight(how, of_convolution);
    EXPECT_TRUE(w.equal(weight(how, of_convolution)));
    EXPECT_FALSE(w.equal(weight(how, of_convolution, "another")));
    EXPECT_FALSE(w.equal(weight(how, of_convolution, "layer", 2)));
  }
}

TEST(Initial_biases, Are_zero_or_PyTorch_s_as_the_initialization_says) {
  const auto bias = [](Initialization how, bool convolution) {
    return initial_bias(how, 60000, 200, convolution, 1, "layer.bias");
  };
  const Tensor zeros = at::zeros({60000});
  for (const bool convolution : {true, false}) {
    expect_uniform(bias(Initialization::pytorch, convolution), 1 / std::sqrt(200));
    EXPECT_TRUE(bias(Initialization::xavier_uniform, convolution).equal(zeros));
  }
  EXPECT_TRUE(bias(Initialization::kaiming_normal, true).equal(zeros));
  expect_uniform(bias(Initialization::kaiming_normal, false), 1 / std::sqrt(200));
}

}  // namespace
}  // namespace signsym
