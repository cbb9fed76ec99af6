// The feedback weight B of a layer, from its weight W: pure functions. A rule is a value.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace signsym {

using at::Tensor;

// docs/architecture.md has the table of rules; proto/signsym/v1/feedback.proto the sources.
enum class Rule {
  backprop,
  sham,
  sign_symmetry,
  sign_symmetry_batch_random,
  sign_symmetry_random_magnitude,
  feedback_alignment,
  feedback_alignment_signed_init,
};
enum class Scale { authors, xavier, weight_mean, weight_rms };
enum class Granularity { tensor, output_channel };
enum class Distribution { gaussian, uniform, authors_uniform };

struct FeedbackRule {
  Rule rule = Rule::sign_symmetry;
  Scale scale = Scale::weight_rms;
  Granularity granularity = Granularity::tensor;
  Distribution distribution = Distribution::gaussian;
  bool zero_is_positive = false;  // sign(0) = +1, else 0
};

// What B depends on besides W.
struct FeedbackState {
  uint64_t seed = 1;
  std::string layer;    // of whom the random numbers are
  uint32_t step = 0;    // of which the afresh drawn ones are
  Tensor fixed;         // from fixed_feedback(), or undefined
};

// Whether a rule keeps a tensor of its own (in checkpoints as "<layer>.feedback").
bool stores_feedback(Rule rule);
// Whether the layer's backward pass is LibTorch's own, without a feedback weight.
inline bool is_backprop(Rule rule) { return rule == Rule::backprop; }

// The magnitude s: a tensor of one value, or of one for each output channel in the shape (out, 1, …).
Tensor feedback_scale(const FeedbackRule& rule, const Tensor& weight);

// That tensor: B itself (feedback alignment) or |M| (random magnitude), in W's shape and type; else undefined.
Tensor fixed_feedback(const FeedbackRule& rule, const Tensor& initial_weight, const FeedbackState& state);

// B in W's shape, type and device. SHAM and BACKPROP: W itself; feedback alignment: state.fixed itself.
Tensor feedback_weight(const FeedbackRule& rule, const Tensor& weight, const FeedbackState& state);
// The same without an allocation where B is remade each step: `out` is reused if it has W's shape and type.
void update_feedback_weight(Tensor& out, const FeedbackRule& rule, const Tensor& weight, const FeedbackState& state);

const char* rule_name(Rule rule);  // "SIGN_SYMMETRY"

}  // namespace signsym
