#include "nn/linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace signsym {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Equation 2 of Xiao et al. 2018: ∂E/∂x_i = Σ_j B_ji ∂E/∂y_j, the products in the order in which LibTorch takes them.
struct FeedbackLinear : torch::autograd::Function<FeedbackLinear> {
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight,
                          const std::optional<Variable>& bias, const Variable& feedback_weight) {
    context->save_for_backward({x, feedback_weight});
    return at::linear(x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Variable& gradient = gradients[0];
    Variable x_grad, weight_grad, bias_grad;
    if (context->needs_input_grad(0)) x_grad = gradient.mm(saved[1]);
    if (context->needs_input_grad(1)) weight_grad = gradient.t().mm(saved[0]);
    if (context->needs_input_grad(2)) bias_grad = gradient.sum(0);
    return {x_grad, weight_grad, bias_grad, Variable()};
  }
};

// A Function takes no undefined tensor; what is absent is no input of it.
std::optional<Variable> given(const Tensor& bias) { return bias.defined() ? std::optional<Variable>(bias) : std::nullopt; }

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& feedback_weight) {
  if (!feedback_weight.defined()) return at::linear(x, weight, bias);
  return FeedbackLinear::apply(x, weight, given(bias), feedback_weight);
}

}  // namespace signsym
