#include "train/alignment.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace signsym {
namespace {

double length(const Tensor& t) { return at::linalg_vector_norm(t, 2, {}, false, at::kDouble).item<double>(); }

}  // namespace

double angle_between(const Tensor& a, const Tensor& b) {
  const double product = at::mul(a, b).sum(at::kDouble).item<double>();
  const double cosine = product / (length(a) * length(b));
  return std::acos(std::clamp(cosine, -1.0, 1.0)) * 180 / 3.14159265358979323846;
}

std::vector<LayerAlignment> measure_alignment(const Model& model) {
  at::NoGradGuard no_grad;
  std::vector<LayerAlignment> all;
  for (const FeedbackLayer& layer : model.layers()) {
    const Tensor w = layer.weight.detach();
    if (is_backprop(layer.rule.rule) || layer.rule.rule == Rule::sham) {
      all.push_back({layer.name, 0, 1});
      continue;
    }
    const Tensor b = feedback_weight(layer.rule, w, layer.state);
    all.push_back({layer.name, angle_between(b, w), length(b) / length(w)});
  }
  return all;
}

}  // namespace signsym
