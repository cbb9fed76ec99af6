// Equation 2 of Xiao et al. 2018, ∂E/∂x_i = Σ_j B_ij ∂E/∂σ_j, against loops written by hand in double precision that
// share nothing with LibTorch's kernels.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "base/random.h"
#include "nn/conv2d.h"
#include "nn/feedback_rule.h"
#include "nn/linear.h"

namespace signsym {
namespace {

Tensor random_tensor(std::vector<int64_t> shape, const char* name) {
  Tensor out = at::empty(shape, at::kFloat);
  Random(7, "test", name).normal(out.data_ptr<float>(), 0, out.numel());
  return out.to(at::kDouble);
}

struct Case {
  int64_t n, in, out, height, width;
  std::array<int64_t, 2> kernel, stride, padding, dilation;
  int64_t groups;
  bool bias;
};

void PrintTo(const Case& c, std::ostream* os) {
  *os << c.in << "→" << c.out << " " << c.height << "×" << c.width << " kernel " << c.kernel[0] << "×" << c.kernel[1]
      << " stride " << c.stride[0] << "," << c.stride[1] << " padding " << c.padding[0] << "," << c.padding[1]
      << " dilation " << c.dilation[0] << "," << c.dilation[1] << " groups " << c.groups << (c.bias ? " bias" : "");
}

struct Gradients {
  std::vector<double> x, weight, bias;
};

// The definition: every (output, input) pair of the convolution once.
Gradients by_hand(const Case& c, const Tensor& x, const Tensor& feedback, const Tensor& g) {
  Gradients out{std::vector<double>(x.numel()), std::vector<double>(feedback.numel()), std::vector<double>(c.out)};
  const auto xs = x.accessor<double, 4>(), bs = feedback.accessor<double, 4>(), gs = g.accessor<double, 4>();
  const int64_t in_per_group = c.in / c.groups, out_per_group = c.out / c.groups;
  for (int64_t n = 0; n < c.n; ++n)
    for (int64_t o = 0; o < c.out; ++o)
      for (int64_t oy = 0; oy < g.size(2); ++oy)
        for (int64_t ox = 0; ox < g.size(3); ++ox) {
          const double error = gs[n][o][oy][ox];
          out.bias[o] += error;
          for (int64_t i = 0; i < in_per_group; ++i)
            for (int64_t ky = 0; ky < c.kernel[0]; ++ky)
              for (int64_t kx = 0; kx < c.kernel[1]; ++kx) {
                const int64_t y = oy * c.stride[0] - c.padding[0] + ky * c.dilation[0];
                const int64_t xx = ox * c.stride[1] - c.padding[1] + kx * c.dilation[1];
                if (y < 0 || y >= c.height || xx < 0 || xx >= c.width) continue;
                const int64_t channel = o / out_per_group * in_per_group + i;
                out.x[((n * c.in + channel) * c.height + y) * c.width + xx] += bs[o][i][ky][kx] * error;
                out.weight[((o * in_per_group + i) * c.kernel[0] + ky) * c.kernel[1] + kx] +=
                    xs[n][channel][y][xx] * error;
              }
        }
  return out;
}

void expect_near(const Tensor& actual, const std::vector<double>& expected, const char* what) {
  const Tensor a = actual.contiguous();
  ASSERT_EQ(a.numel(), static_cast<int64_t>(expected.size())) << what;
  for (int64_t i = 0; i < a.numel(); ++i)
    ASSERT_NEAR(a.data_ptr<double>()[i], expected[i], 1e-10) << what << " at " << i;
}

class Equation2 : public testing::TestWithParam<Case> {};

TEST_P(Equation2, Holds_for_a_convolution) {
  const Case c = GetParam();
  const Tensor x = random_tensor({c.n, c.in, c.height, c.width}, "x").set_requires_grad(true);
  const std::vector<int64_t> shape{c.out, c.in / c.groups, c.kernel[0], c.kernel[1]};
  const Tensor weight = random_tensor(shape, "weight").set_requires_grad(true);
  const Tensor bias = c.bias ? random_tensor({c.out}, "bias").set_requires_grad(true) : Tensor();
  const Tensor feedback = random_tensor(shape, "feedback");
  const Conv2dOptions options{c.in, c.out, c.kernel, c.stride, c.padding, c.dilation, c.groups, c.bias};

  const Tensor y = conv2d(x, weight, bias, options, feedback);
  const Tensor g = random_tensor(y.sizes().vec(), "gradient");
  y.backward(g);

  const Gradients expected = by_hand(c, x.detach(), feedback, g);
  expect_near(x.grad(), expected.x, "x");
  expect_near(weight.grad(), expected.weight, "weight");
  if (c.bias) expect_near(bias.grad(), expected.bias, "bias");
  EXPECT_TRUE(y.detach().equal(at::conv2d(x.detach(), weight.detach(), c.bias ? bias.detach() : Tensor(), c.stride,
                                          c.padding, c.dilation, c.groups)));
}

// The hand-written loop itself agrees with LibTorch's autograd where B is W: the oracle is not wrong in the same way.
TEST_P(Equation2, Is_backpropagation_where_the_feedback_weight_is_the_weight) {
  const Case c = GetParam();
  const Tensor x = random_tensor({c.n, c.in, c.height, c.width}, "x").set_requires_grad(true);
  const Tensor weight = random_tensor({c.out, c.in / c.groups, c.kernel[0], c.kernel[1]}, "weight").set_requires_grad(true);
  const Tensor y = at::conv2d(x, weight, {}, c.stride, c.padding, c.dilation, c.groups);
  const Tensor g = random_tensor(y.sizes().vec(), "gradient");
  y.backward(g);
  const Gradients expected = by_hand(c, x.detach(), weight.detach(), g);
  expect_near(x.grad(), expected.x, "x");
  expect_near(weight.grad(), expected.weight, "weight");
}

INSTANTIATE_TEST_SUITE_P(
    Convolutions, Equation2,
    testing::Values(Case{2, 3, 4, 7, 8, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, true},
                    Case{2, 3, 4, 7, 8, {3, 3}, {1, 1}, {0, 0}, {1, 1}, 1, false},
                    Case{1, 2, 3, 9, 9, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, false},
                    Case{1, 2, 3, 10, 7, {3, 2}, {2, 3}, {2, 0}, {1, 1}, 1, true},
                    Case{1, 2, 3, 11, 12, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 1, true},
                    Case{1, 2, 2, 13, 11, {3, 3}, {2, 1}, {1, 2}, {2, 3}, 1, false},
                    Case{2, 4, 6, 6, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, true},
                    Case{1, 4, 4, 8, 8, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 4, false},
                    Case{1, 4, 8, 8, 8, {3, 3}, {1, 1}, {1, 1}, {2, 2}, 4, true},
                    Case{2, 3, 5, 6, 6, {1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, false},
                    Case{2, 3, 5, 6, 6, {1, 1}, {2, 2}, {0, 0}, {1, 1}, 1, false},
                    Case{2, 20, 6, 7, 2, {1, 1}, {2, 2}, {1, 1}, {1, 1}, 1, true},
                    Case{2, 3, 5, 6, 1, {1, 1}, {3, 2}, {2, 0}, {1, 1}, 1, false},
                    Case{2, 4, 6, 5, 4, {1, 1}, {1, 2}, {0, 1}, {1, 1}, 2, true}));

TEST(Equation2, Holds_for_a_linear_layer) {
  for (const bool has_bias : {true, false}) {
    const Tensor x = random_tensor({5, 7}, "x").set_requires_grad(true);
    const Tensor weight = random_tensor({3, 7}, "weight").set_requires_grad(true);
    const Tensor bias = has_bias ? random_tensor({3}, "bias").set_requires_grad(true) : Tensor();
    const Tensor feedback = random_tensor({3, 7}, "feedback"), g = random_tensor({5, 3}, "gradient");
    linear(x, weight, bias, feedback).backward(g);

    Gradients expected{std::vector<double>(35), std::vector<double>(21), std::vector<double>(3)};
    const auto xs = x.accessor<double, 2>(), bs = feedback.accessor<double, 2>(), gs = g.accessor<double, 2>();
    for (int64_t n = 0; n < 5; ++n)
      for (int64_t j = 0; j < 3; ++j) {
        expected.bias[j] += gs[n][j];
        for (int64_t i = 0; i < 7; ++i) {
          expected.x[n * 7 + i] += bs[j][i] * gs[n][j];
          expected.weight[j * 7 + i] += xs[n][i] * gs[n][j];
        }
      }
    expect_near(x.grad(), expected.x, "x");
    expect_near(weight.grad(), expected.weight, "weight");
    if (has_bias) expect_near(bias.grad(), expected.bias, "bias");
  }
}

// The derivative of the layer by differences agrees with the weight's gradient under every B, and with the input's only
// where B is W.
TEST(Equation2, A_numeric_derivative_agrees_where_it_must_and_differs_where_it_must) {
  const Conv2dOptions options{2, 3, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, false};
  const Tensor weight = random_tensor({3, 2, 3, 3}, "weight"), x = random_tensor({1, 2, 6, 6}, "x");
  const Tensor g = random_tensor({1, 3, 3, 3}, "gradient");
  const auto energy = [&](const Tensor& xs, const Tensor& ws) {
    return at::conv2d(xs, ws, {}, options.stride, options.padding).mul(g).sum().item<double>();
  };
  const auto numeric = [&](const Tensor& at_point, auto f) {
    Tensor d = at::zeros_like(at_point);
    for (int64_t i = 0; i < at_point.numel(); ++i) {
      const double h = 1e-6;
      Tensor up = at_point.clone(), down = at_point.clone();
      up.view({-1})[i].add_(h);
      down.view({-1})[i].sub_(h);
      d.view({-1})[i].fill_((f(up) - f(down)) / (2 * h));
    }
    return d;
  };
  const Tensor true_x = numeric(x, [&](const Tensor& t) { return energy(t, weight); });
  const Tensor true_weight = numeric(weight, [&](const Tensor& t) { return energy(x, t); });

  for (const bool same : {true, false}) {
    const Tensor feedback = same ? weight : at::sign(weight);
    const Tensor xs = x.clone().set_requires_grad(true), ws = weight.clone().set_requires_grad(true);
    conv2d(xs, ws, {}, options, feedback).backward(g);
    EXPECT_LT(ws.grad().sub(true_weight).abs().max().item<double>(), 1e-7);
    const double difference = xs.grad().sub(true_x).abs().max().item<double>();
    if (same) {
      EXPECT_LT(difference, 1e-7);
    } else {
      EXPECT_GT(difference, 0.1);
    }
  }
}

// Not only close: the very bits, since the gradient of a weight does not depend on any weight.
class WeightGradient : public testing::TestWithParam<at::ScalarType> {
 protected:
  using Layer = std::function<Tensor(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& feedback)>;

  static Tensor typed(std::vector<int64_t> shape, const char* name, at::MemoryFormat format) {
    return random_tensor(shape, name).to(GetParam()).contiguous(format);
  }

  static void expect_same_bits_under_every_rule(const Layer& layer, const std::vector<int64_t>& input,
                                                const std::vector<int64_t>& shape, at::MemoryFormat format) {
    const Tensor initial = typed(shape, "weight", format);
    const auto gradients = [&](Rule rule) {
      const Tensor x = typed(input, "x", format).set_requires_grad(true);
      const Tensor weight = initial.clone().set_requires_grad(true);
      const Tensor bias = typed({shape[0]}, "bias", at::MemoryFormat::Contiguous).set_requires_grad(true);
      const FeedbackRule value{rule};
      FeedbackState state{11, "layer", 0, {}};
      state.fixed = fixed_feedback(value, initial, state);
      const Tensor y = layer(x, weight, bias, is_backprop(rule) ? Tensor() : feedback_weight(value, initial, state));
      y.backward(typed(y.sizes().vec(), "gradient", format));
      return std::array<Tensor, 3>{weight.grad(), bias.grad(), x.grad()};
    };
    const auto backprop = gradients(Rule::backprop);
    for (const Rule rule : {Rule::sham, Rule::sign_symmetry, Rule::sign_symmetry_batch_random,
                            Rule::sign_symmetry_random_magnitude, Rule::feedback_alignment,
                            Rule::feedback_alignment_signed_init}) {
      const auto found = gradients(rule);
      EXPECT_TRUE(found[0].equal(backprop[0])) << rule_name(rule);
      EXPECT_TRUE(found[1].equal(backprop[1])) << rule_name(rule);
      EXPECT_EQ(found[2].equal(backprop[2]), rule == Rule::sham) << rule_name(rule) << ": what goes down";
    }
  }
};

TEST_P(WeightGradient, Of_a_convolution_has_the_same_bits_under_every_rule) {
  const Conv2dOptions three{16, 32, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, true};
  const Conv2dOptions strided_point_of_few_channels{6, 32, {1, 1}, {2, 2}, {0, 0}, {1, 1}, 1, true};
  for (const Conv2dOptions& options : {three, strided_point_of_few_channels})
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      SCOPED_TRACE(std::to_string(options.in) + " channels, " + c10::toString(GetParam()));
      const Layer layer = [&](const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& feedback) {
        return conv2d(x, weight, bias, options, feedback);
      };
      expect_same_bits_under_every_rule(layer, {8, options.in, 16, 16},
                                        {options.out, options.in, options.kernel[0], options.kernel[1]}, format);
    }
}

TEST_P(WeightGradient, Of_a_linear_layer_has_the_same_bits_under_every_rule) {
  expect_same_bits_under_every_rule(linear, {64, 128}, {10, 128}, at::MemoryFormat::Contiguous);
}

INSTANTIATE_TEST_SUITE_P(In, WeightGradient, testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) { return std::string(c10::toString(info.param)); });

}  // namespace
}  // namespace signsym
