#include "optim/sgd.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace signsym {

Sgd::Sgd(const std::vector<NamedTensor>& parameters, const std::vector<bool>& decays, const SgdOptions& options)
    : parameters_(parameters), momentum_(parameters.size()), options_(options) {
  Group with{options.weight_decay, {}}, without{0, {}};
  for (size_t i = 0; i < parameters_.size(); ++i) (decays[i] ? with : without).members.push_back(i);
  for (Group* group : {&with, &without})
    if (!group->members.empty()) groups_.push_back(std::move(*group));
}

void Sgd::clear_gradients() {
  // An undefined gradient is taken over by autograd without a copy or an addition.
  for (NamedTensor& parameter : parameters_) parameter.tensor.mutable_grad().reset();
}

void Sgd::clip_gradients() {
  std::vector<Tensor> gradients;
  for (const NamedTensor& parameter : parameters_)
    if (parameter.tensor.grad().defined()) gradients.push_back(parameter.tensor.grad());
  if (gradients.empty()) return;
  if (options_.clip_value > 0) {
    at::_foreach_clamp_min_(gradients, -options_.clip_value);
    at::_foreach_clamp_max_(gradients, options_.clip_value);
  }
  if (options_.clip_norm > 0) {
    const Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
    const Tensor factor = at::clamp_max(options_.clip_norm / norm.add(1e-6), 1.0);  // torch's clip_grad_norm_
    at::_foreach_mul_(gradients, factor);
  }
}

void Sgd::step(double learning_rate) {
  at::NoGradGuard no_grad;
  if (options_.clip_norm > 0 || options_.clip_value > 0) clip_gradients();
  for (const Group& group : groups_) {
    // Parameters whose momentum begins with this step are a call of their own, after the others': torch sets v to the
    // gradient then.
    for (const bool first : {false, true}) {
      std::vector<Tensor> weights, gradients, momentum;
      for (const size_t i : group.members) {
        const Tensor& weight = parameters_[i].tensor;
        Tensor gradient = weight.grad();
        const bool fresh = options_.momentum > 0 && !momentum_[i].defined();
        if (!gradient.defined() || fresh != first) continue;
        if (gradient.strides() != weight.strides()) gradient = at::empty_like(weight).copy_(gradient);
        weights.push_back(weight);
        gradients.push_back(gradient);
        if (options_.momentum > 0) {
          if (fresh) momentum_[i] = at::zeros_like(weight);
          momentum.push_back(momentum_[i]);
        }
      }
      if (weights.empty()) continue;
      const bool decoupled = options_.decoupled_decay && group.weight_decay > 0;
      if (decoupled) at::_foreach_mul_(weights, 1 - learning_rate * group.weight_decay);
      at::_fused_sgd_(weights, gradients, momentum, decoupled ? 0 : group.weight_decay, options_.momentum, learning_rate,
                      options_.dampening, options_.nesterov, /*maximize=*/false, /*is_first_step=*/first);
    }
  }
}

std::vector<NamedTensor> Sgd::momentum() const {
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (momentum_[i].defined()) named.push_back({parameters_[i].name, momentum_[i]});
  return named;
}

void Sgd::set_momentum(const std::vector<Tensor>& momentum) {
  for (size_t i = 0; i < parameters_.size(); ++i)
    momentum_[i] = momentum[i].defined() ? at::empty_like(parameters_[i].tensor).copy_(momentum[i]) : Tensor();
}

}  // namespace signsym
