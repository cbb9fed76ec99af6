// The feedback weights against what is known of them without reference code: signs, magnitudes, and the angle to W.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "nn/feedback_rule.h"
#include "train/alignment.h"

namespace signsym {
namespace {

// Of n = 256·128·3·3 weights the standard error of an angle is 0.04° between W and its signs, and at most
// 1/√n = 0.11° where B has random numbers of its own. Allowed: four of them.
constexpr int64_t out_channels = 256, in_channels = 128;
constexpr double of_signs = 0.15, of_random = 0.42;

Tensor gaussian(std::vector<int64_t> shape = {out_channels, in_channels, 3, 3}) {
  Tensor w = at::empty(shape, at::kFloat);
  Random(3, "test", "weight").normal(w.data_ptr<float>(), 0, w.numel());
  return w.mul_(0.05);
}

Tensor uniform(std::vector<int64_t> shape = {out_channels, in_channels, 3, 3}) {
  Tensor w = at::empty(shape, at::kFloat);
  Random(3, "test", "weight").uniform(w.data_ptr<float>(), 0, w.numel());
  return w.mul_(0.1).sub_(0.05);
}

FeedbackState state_of(const FeedbackRule& rule, const Tensor& weight, uint32_t step = 0) {
  FeedbackState state{11, "layer", step, {}};
  state.fixed = fixed_feedback(rule, weight, state);
  return state;
}

Tensor feedback_of(const FeedbackRule& rule, const Tensor& weight) { return feedback_weight(rule, weight, state_of(rule, weight)); }

double angle(const FeedbackRule& rule, const Tensor& weight) { return angle_between(feedback_of(rule, weight), weight); }

TEST(Angle, Of_sign_symmetry_to_a_Gaussian_weight_is_37_07_degrees) {
  // cos = E|w| / √E w² = √(2/π)
  for (const Scale scale : {Scale::authors, Scale::xavier, Scale::weight_mean, Scale::weight_rms})
    EXPECT_NEAR(angle({Rule::sign_symmetry, scale}, gaussian()), 37.07, of_signs);
}

TEST(Angle, Of_sign_symmetry_to_a_uniform_weight_is_30_degrees) {
  EXPECT_NEAR(angle({Rule::sign_symmetry}, uniform()), 30.0, of_signs);
}

TEST(Angle, Of_random_magnitudes_is_that_of_their_distributions) {
  for (const Rule rule : {Rule::sign_symmetry_random_magnitude, Rule::sign_symmetry_batch_random}) {
    FeedbackRule r{rule};
    r.distribution = Distribution::gaussian;
    EXPECT_NEAR(angle(r, gaussian()), 50.46, of_random);  // cos = 2/π
    EXPECT_NEAR(angle(r, uniform()), 46.29, of_random);   // cos = √(2/π)·√3/2
    r.distribution = Distribution::uniform;
    EXPECT_NEAR(angle(r, uniform()), 41.41, of_random);   // cos = 3/4
    r.distribution = Distribution::authors_uniform;
    EXPECT_NEAR(angle(r, uniform()), 41.41, of_random);
  }
}

TEST(Angle, Of_feedback_alignment_is_90_degrees) {
  for (const Distribution d : {Distribution::gaussian, Distribution::uniform, Distribution::authors_uniform}) {
    FeedbackRule r{Rule::feedback_alignment};
    r.distribution = d;
    EXPECT_NEAR(angle(r, gaussian()), 90.0, of_random);
  }
}

TEST(Angle, Of_signs_that_are_partly_wrong_is_that_of_their_concordance) {
  const Tensor w = gaussian();
  Tensor draw = at::empty_like(w);
  Random(5, "test", "flip").uniform(draw.data_ptr<float>(), 0, draw.numel());
  for (const double p : {0.6, 0.75, 0.9}) {
    const Tensor b = at::sign(w).mul(at::where(draw.lt(p), at::ones_like(w), at::full_like(w, -1)));
    EXPECT_NEAR(angle_between(b, w), std::acos((2 * p - 1) * std::sqrt(2 / M_PI)) * 180 / M_PI, of_random) << p;
  }
}

// As of a weight that is read through noise: cos = √(2/π)·σ_W/√(σ_W² + σ_n²).
TEST(Angle, Of_the_signs_of_a_noisy_weight_is_that_of_the_noise) {
  const Tensor w = gaussian();
  const double deviation = 0.05;
  Tensor noise = at::empty_like(w);
  Random(5, "test", "noise").normal(noise.data_ptr<float>(), 0, noise.numel());
  for (const double ratio : {0.1, 0.5, 1.0, 3.0}) {
    const Tensor b = feedback_of({Rule::sign_symmetry}, w.add(noise, ratio * deviation));
    const double cosine = std::sqrt(2 / M_PI) / std::sqrt(1 + ratio * ratio);
    EXPECT_NEAR(angle_between(b, w), std::acos(cosine) * 180 / M_PI, of_random) << ratio;
  }
}

TEST(Angle, Is_0_for_SHAM_and_180_for_the_opposite) {
  EXPECT_NEAR(angle({Rule::sham}, gaussian()), 0, 1e-3);
  EXPECT_NEAR(angle_between(gaussian(), gaussian().neg()), 180, 1e-3);
}

TEST(Magnitude, Of_the_authors_depends_on_the_shape_alone) {
  const FeedbackRule rule{Rule::sign_symmetry, Scale::authors};
  const Tensor conv = gaussian({8, 4, 3, 5}), linear = gaussian({8, 4});
  EXPECT_TRUE(at::allclose(feedback_of(rule, conv), at::sign(conv).mul(std::sqrt(2.0 / (3 * 5 * 8)))));
  EXPECT_TRUE(at::allclose(feedback_of(rule, linear), at::sign(linear).mul(1 / std::sqrt(4.0))));
}

TEST(Magnitude, XAVIER_takes_both_fans) {
  const FeedbackRule rule{Rule::sign_symmetry, Scale::xavier};
  const Tensor conv = gaussian({8, 4, 3, 5}), linear = gaussian({8, 4});
  EXPECT_TRUE(at::allclose(feedback_of(rule, conv), at::sign(conv).mul(std::sqrt(2.0 / ((4 + 8) * 15)))));
  EXPECT_TRUE(at::allclose(feedback_of(rule, linear), at::sign(linear).mul(std::sqrt(2.0 / 12))));
}

TEST(Magnitude, WEIGHT_MEAN_and_WEIGHT_RMS_follow_the_weight_as_a_whole_or_by_output_channel) {
  const Tensor w = gaussian({8, 4, 3, 5}).mul(at::arange(1, 9, at::kFloat).view({8, 1, 1, 1}));
  FeedbackRule mean{Rule::sign_symmetry, Scale::weight_mean}, rms{Rule::sign_symmetry, Scale::weight_rms};
  EXPECT_TRUE(at::allclose(feedback_of(mean, w), at::sign(w).mul(w.abs().mean())));
  EXPECT_TRUE(at::allclose(feedback_of(rms, w), at::sign(w).mul(w.square().mean().sqrt())));
  EXPECT_NEAR(feedback_of(rms, w).norm().item<double>(), w.norm().item<double>(), 1e-4);
  mean.granularity = rms.granularity = Granularity::output_channel;
  EXPECT_TRUE(at::allclose(feedback_of(mean, w), at::sign(w).mul(w.abs().mean({1, 2, 3}, true))));
  EXPECT_TRUE(at::allclose(feedback_of(rms, w), at::sign(w).mul(w.square().mean({1, 2, 3}, true).sqrt())));
}

TEST(Magnitude, Of_random_feedback_has_the_standard_deviation_s) {
  FeedbackRule rule{Rule::feedback_alignment, Scale::authors};
  const Tensor w = gaussian();
  const double s = std::sqrt(2.0 / (9 * out_channels));
  for (const Distribution d : {Distribution::gaussian, Distribution::uniform, Distribution::authors_uniform}) {
    rule.distribution = d;
    const Tensor b = feedback_of(rule, w);
    EXPECT_NEAR(b.mean().item<double>(), 0, 0.01 * s);
    EXPECT_NEAR(b.std().item<double>(), d == Distribution::authors_uniform ? s / std::sqrt(3) : s, 0.01 * s);
    const double largest = d == Distribution::gaussian ? 6.7 * s : d == Distribution::uniform ? std::sqrt(3) * s : s;
    EXPECT_LE(b.abs().max().item<double>(), largest * 1.0001);
  }
}

TEST(Sign, Of_zero_is_zero_or_plus_one_as_the_rule_says) {
  const Tensor w = at::tensor({-2.0f, -0.0f, 0.0f, 3.0f}).view({1, 4});
  FeedbackRule rule{Rule::sign_symmetry, Scale::authors};  // s = 1/√4
  EXPECT_TRUE(feedback_of(rule, w).equal(at::tensor({-0.5f, 0.0f, 0.0f, 0.5f}).view({1, 4})));
  rule.zero_is_positive = true;
  EXPECT_TRUE(feedback_of(rule, w).equal(at::tensor({-0.5f, 0.5f, 0.5f, 0.5f}).view({1, 4})));
}

TEST(Sign, Of_sign_symmetric_feedback_is_that_of_the_weight_now) {
  for (const Rule r : {Rule::sign_symmetry, Rule::sign_symmetry_batch_random, Rule::sign_symmetry_random_magnitude}) {
    const FeedbackRule rule{r};
    const Tensor w = gaussian({16, 8, 3, 3});
    const FeedbackState state = state_of(rule, w);
    EXPECT_TRUE(at::sign(feedback_weight(rule, w.neg(), state)).equal(at::sign(w.neg()))) << rule_name(r);
  }
}

TEST(When_B_changes, Fixed_rules_keep_it_and_batch_random_draws_it_afresh_each_step) {
  const Tensor w = gaussian({16, 8, 3, 3}), later = w.mul(0.5).add(0.01);
  for (const Rule r : {Rule::feedback_alignment, Rule::feedback_alignment_signed_init}) {
    const FeedbackRule rule{r};
    const FeedbackState state = state_of(rule, w);
    EXPECT_TRUE(feedback_weight(rule, later, state).equal(feedback_weight(rule, w, state))) << rule_name(r);
  }
  const FeedbackRule signed_init{Rule::feedback_alignment_signed_init};
  EXPECT_TRUE(at::sign(feedback_of(signed_init, w)).equal(at::sign(w)));

  const FeedbackRule fixed{Rule::sign_symmetry_random_magnitude, Scale::authors};
  FeedbackState state = state_of(fixed, w);
  EXPECT_TRUE(feedback_weight(fixed, later, state).abs().equal(feedback_weight(fixed, w, state).abs()));
  EXPECT_GE(state.fixed.min().item<float>(), 0);

  const FeedbackRule afresh{Rule::sign_symmetry_batch_random, Scale::authors};
  const Tensor first = feedback_weight(afresh, w, {11, "layer", 0, {}}), second = feedback_weight(afresh, w, {11, "layer", 1, {}});
  EXPECT_FALSE(first.equal(second));
  EXPECT_TRUE(first.equal(feedback_weight(afresh, w, {11, "layer", 0, {}})));
  EXPECT_FALSE(first.equal(feedback_weight(afresh, w, {12, "layer", 0, {}})));
  EXPECT_FALSE(first.equal(feedback_weight(afresh, w, {11, "another", 0, {}})));
}

TEST(Memory_format, Changes_no_value_of_any_rule) {
  for (const Rule r : {Rule::sign_symmetry, Rule::sign_symmetry_batch_random, Rule::sign_symmetry_random_magnitude,
                       Rule::feedback_alignment, Rule::feedback_alignment_signed_init}) {
    const FeedbackRule rule{r, Scale::authors};
    const Tensor w = gaussian({16, 8, 3, 3}), last = w.contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor b = feedback_of(rule, last);
    EXPECT_TRUE(b.equal(feedback_of(rule, w))) << rule_name(r);
    EXPECT_TRUE(b.is_contiguous(at::MemoryFormat::ChannelsLast)) << rule_name(r);
  }
}

TEST(Type, Of_the_feedback_weight_is_the_weight_s) {
  const Tensor w = gaussian({16, 8}).to(at::kBFloat16);
  for (const Rule r : {Rule::sign_symmetry, Rule::sign_symmetry_batch_random, Rule::feedback_alignment})
    EXPECT_EQ(feedback_of({r}, w).scalar_type(), at::kBFloat16) << rule_name(r);
}

}  // namespace
}  // namespace signsym
