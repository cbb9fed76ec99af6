#include "nn/conv2d.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace signsym {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Equation 2 of Xiao et al. 2018: ∂E/∂x = B ∗ᵀ ∂E/∂y. One call gives both gradients, since that of the weight does
// not depend on the weight that is passed.
struct FeedbackConv2d : torch::autograd::Function<FeedbackConv2d> {
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight,
                          const std::optional<Variable>& bias, const Variable& feedback_weight,
                          const Conv2dOptions& options) {
    context->save_for_backward({x, feedback_weight});
    context->saved_data["stride"] = at::IntArrayRef(options.stride);
    context->saved_data["padding"] = at::IntArrayRef(options.padding);
    context->saved_data["dilation"] = at::IntArrayRef(options.dilation);
    context->saved_data["groups"] = options.groups;
    return at::conv2d(x, weight, bias, options.stride, options.padding, options.dilation, options.groups);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Variable& x = saved[0];
    const Variable& feedback_weight = saved[1];
    const std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                                     context->needs_input_grad(2)};
    const std::vector<int64_t> bias_size{feedback_weight.size(0)};
    auto [x_grad, weight_grad, bias_grad] = at::convolution_backward(
        gradients[0], x, feedback_weight, wanted[2] ? at::OptionalIntArrayRef(bias_size) : at::OptionalIntArrayRef(),
        context->saved_data["stride"].toIntVector(), context->saved_data["padding"].toIntVector(),
        context->saved_data["dilation"].toIntVector(), /*transposed=*/false, {0, 0},
        context->saved_data["groups"].toInt(), wanted);
    return {x_grad, weight_grad, bias_grad, Variable(), Variable()};
  }
};

// A Function takes no undefined tensor; what is absent is no input of it.
std::optional<Variable> given(const Tensor& bias) { return bias.defined() ? std::optional<Variable>(bias) : std::nullopt; }

// LibTorch 2.11 (oneDNN on AVX2, channels_last) writes past its memory in the weight gradient of a strided 1×1
// convolution of few channels, and of any with padding on a narrow picture.
bool is_unsafe(const Conv2dOptions& o) {
  const std::array<int64_t, 2> ones{1, 1}, zeros{0, 0};
  return o.kernel == ones && o.stride != ones && (o.padding != zeros || (o.groups == 1 && o.in < 16));
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              const Tensor& feedback_weight) {
  if (is_unsafe(options)) {  // the same without padding and stride, of the pixels that it reads
    Conv2dOptions dense = options;
    dense.stride = {1, 1};
    dense.padding = {0, 0};
    const auto [rows, columns] = options.padding;
    const Tensor padded = rows || columns ? at::constant_pad_nd(x, {columns, columns, rows, rows}) : x;
    const Tensor read = padded.slice(2, 0, padded.size(2), options.stride[0]).slice(3, 0, padded.size(3), options.stride[1]);
    return conv2d(read, weight, bias, dense, feedback_weight);
  }
  if (!feedback_weight.defined())
    return at::conv2d(x, weight, bias, options.stride, options.padding, options.dilation, options.groups);
  return FeedbackConv2d::apply(x, weight, given(bias), feedback_weight, options);
}

}  // namespace signsym
