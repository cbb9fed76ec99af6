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

LayerAlignment measure_alignment(const FeedbackLayer& layer) {
  at::NoGradGuard no_grad;
  if (is_backprop(layer.rule.rule) || layer.rule.rule == Rule::sham) return {layer.name, 0, 1};
  const Tensor w = layer.weight.detach();
  const Tensor b = feedback_weight(layer.rule, w, layer.state);
  return {layer.name, angle_between(b, w), length(b) / length(w)};
}

std::vector<LayerAlignment> measure_alignment(const Model& model) {
  std::vector<LayerAlignment> all;
  for (const FeedbackLayer& layer : model.layers()) all.push_back(measure_alignment(layer));
  return all;
}

}  // namespace signsym
