#include "nn/feedback_rule.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "base/random.h"

namespace signsym {
namespace {

// s · standard random numbers in `like`'s shape, the values in the order of the shape whatever the memory format.
Tensor random_like(const Tensor& like, Distribution distribution, const Tensor& scale, const Random& random) {
  Tensor values = at::empty(like.sizes(), at::TensorOptions().dtype(at::kFloat));
  float* out = values.data_ptr<float>();
  constexpr int64_t grain = 16384;  // a multiple of 4, so that each piece begins at a block
  const int64_t pieces = (values.numel() + grain - 1) / grain;
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * grain, last = std::min(end * grain, values.numel());
    if (distribution == Distribution::gaussian) {
      random.normal(out + first, first, last - first);
      return;
    }
    const float width = distribution == Distribution::uniform ? std::sqrt(3.0f) : 1.0f;
    random.uniform(out + first, first, last - first);
    for (int64_t i = first; i < last; ++i) out[i] = (2.0f * out[i] - 1.0f) * width;
  });
  return at::empty_like(like).copy_(values).mul_(scale);
}

void signs_into(Tensor& out, const Tensor& weight, bool zero_is_positive) {
  if (zero_is_positive)
    at::ge_out(out, weight, 0).mul_(2).sub_(1);
  else
    at::sign_out(out, weight);
}

// out = s · sign(weight) in one pass over memory, where plain loops can do it; else false. At a small batch the passes
// over the weights are what a rule costs.
bool scaled_signs_into(Tensor& out, const Tensor& weight, const Tensor& scale, bool zero_is_positive) {
  if (!weight.is_cpu() || weight.scalar_type() != at::kFloat || scale.numel() != 1 || !weight.is_non_overlapping_and_dense())
    return false;
  const float* w = weight.const_data_ptr<float>();
  float* b = out.data_ptr<float>();
  const float s = scale.item<float>();
  at::parallel_for(0, weight.numel(), at::internal::GRAIN_SIZE, [=](int64_t begin, int64_t end) {
    // Of this frame: what a store to B might change keeps the loop from being vectorised.
    const float magnitude = s, at_zero = zero_is_positive ? s : 0.0f;
    for (int64_t i = begin; i < end; ++i) b[i] = w[i] == 0 ? at_zero : std::copysign(magnitude, w[i]);
  });
  return true;
}

Tensor random_stream(const FeedbackRule& rule, const Tensor& weight, const FeedbackState& state, const char* purpose,
                     uint32_t step) {
  return random_like(weight, rule.distribution, feedback_scale(rule, weight),
                     Random(state.seed, purpose, state.layer, step));
}

}  // namespace

bool stores_feedback(Rule rule) {
  return rule == Rule::feedback_alignment || rule == Rule::feedback_alignment_signed_init ||
         rule == Rule::sign_symmetry_random_magnitude;
}

Tensor feedback_scale(const FeedbackRule& rule, const Tensor& weight) {
  const double out = weight.size(0);
  const double fan_in = static_cast<double>(weight.numel()) / out;
  const double kernel = weight.dim() > 2 ? fan_in / weight.size(1) : 1.0;
  const double fan_out = out * kernel;
  const bool convolution = weight.dim() > 2;
  switch (rule.scale) {
    case Scale::authors:
      return at::full({}, convolution ? std::sqrt(2.0 / fan_out) : 1.0 / std::sqrt(fan_in), weight.options());
    case Scale::xavier:
      return at::full({}, std::sqrt(2.0 / (fan_in + fan_out)), weight.options());
    case Scale::weight_mean:
    case Scale::weight_rms:
      break;
  }
  std::vector<int64_t> dims;
  for (int64_t d = rule.granularity == Granularity::output_channel ? 1 : 0; d < weight.dim(); ++d) dims.push_back(d);
  const bool keep = rule.granularity == Granularity::output_channel;
  if (rule.scale == Scale::weight_mean) return at::linalg_vector_norm(weight, 1, dims, keep).div_(keep ? fan_in : weight.numel());
  return at::linalg_vector_norm(weight, 2, dims, keep).div_(std::sqrt(keep ? fan_in : static_cast<double>(weight.numel())));
}

Tensor fixed_feedback(const FeedbackRule& rule, const Tensor& initial_weight, const FeedbackState& state) {
  at::NoGradGuard no_grad;
  switch (rule.rule) {
    case Rule::feedback_alignment:
      return random_stream(rule, initial_weight, state, "feedback", 0);
    case Rule::sign_symmetry_random_magnitude:
      return random_stream(rule, initial_weight, state, "feedback", 0).abs_();
    case Rule::feedback_alignment_signed_init: {
      Tensor signs = at::empty_like(initial_weight);
      signs_into(signs, initial_weight, rule.zero_is_positive);
      return signs.mul_(feedback_scale(rule, initial_weight));
    }
    default:
      return {};
  }
}

void update_feedback_weight(Tensor& out, const FeedbackRule& rule, const Tensor& weight, const FeedbackState& state) {
  at::NoGradGuard no_grad;
  const Tensor w = weight.detach();
  const bool remade = rule.rule == Rule::sign_symmetry || rule.rule == Rule::sign_symmetry_batch_random ||
                      rule.rule == Rule::sign_symmetry_random_magnitude;
  if (!remade) {
    out = stores_feedback(rule.rule) ? state.fixed : w;
    return;
  }
  if (!out.defined() || out.sizes() != w.sizes() || out.strides() != w.strides() || out.scalar_type() != w.scalar_type())
    out = at::empty_like(w);
  const bool magnitude_is_scale = rule.rule == Rule::sign_symmetry;
  const Tensor scale = magnitude_is_scale ? feedback_scale(rule, w) : Tensor();
  if (magnitude_is_scale && scaled_signs_into(out, w, scale, rule.zero_is_positive)) return;
  signs_into(out, w, rule.zero_is_positive);
  if (magnitude_is_scale)
    out.mul_(scale);
  else if (rule.rule == Rule::sign_symmetry_random_magnitude)
    out.mul_(state.fixed);
  else
    out.mul_(random_stream(rule, w, state, "feedback", state.step).abs_());
}

Tensor feedback_weight(const FeedbackRule& rule, const Tensor& weight, const FeedbackState& state) {
  Tensor out;
  update_feedback_weight(out, rule, weight, state);
  return out;
}

const char* rule_name(Rule rule) {
  switch (rule) {
    case Rule::backprop: return "BACKPROP";
    case Rule::sham: return "SHAM";
    case Rule::sign_symmetry: return "SIGN_SYMMETRY";
    case Rule::sign_symmetry_batch_random: return "SIGN_SYMMETRY_BATCH_RANDOM";
    case Rule::sign_symmetry_random_magnitude: return "SIGN_SYMMETRY_RANDOM_MAGNITUDE";
    case Rule::feedback_alignment: return "FEEDBACK_ALIGNMENT";
    case Rule::feedback_alignment_signed_init: return "FEEDBACK_ALIGNMENT_SIGNED_INIT";
  }
  return "";
}

}  // namespace signsym
