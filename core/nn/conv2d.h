// The one convolution. Its backward pass carries the error down through B instead of W.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace signsym {

using at::Tensor;

struct Conv2dOptions {
  int64_t in = 0;
  int64_t out = 0;
  std::array<int64_t, 2> kernel{1, 1};
  std::array<int64_t, 2> stride{1, 1};
  std::array<int64_t, 2> padding{0, 0};
  std::array<int64_t, 2> dilation{1, 1};
  int64_t groups = 1;
  bool bias = true;
};

// x: (N, in, H, W), weight: (out, in/groups, kh, kw), bias: (out) or undefined, all of one type.
// feedback_weight: B in the weight's shape; undefined: BACKPROP, LibTorch's own convolution and autograd, untouched.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options,
              const Tensor& feedback_weight);

}  // namespace signsym
