// The one linear layer. Its backward pass carries the error down through B instead of W.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace signsym {

using at::Tensor;

struct LinearOptions {
  int64_t in = 0;
  int64_t out = 0;
  bool bias = true;
};

// x: (N, in), weight: (out, in), bias: (out) or undefined, all of one type.
// feedback_weight: B in the weight's shape; undefined: BACKPROP, LibTorch's own linear layer and autograd, untouched.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& feedback_weight);

}  // namespace signsym
