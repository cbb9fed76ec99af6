// Losses as values: a mean over the batch, of fp32 logits and labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <variant>

namespace signsym {

using at::Tensor;

struct CrossEntropy { double label_smoothing = 0; };  // of the softmax
struct MeanSquaredError {};                           // against the one-hot label; mean over classes too
struct BinaryCrossEntropy {};                         // of the sigmoids against the one-hot label; mean over classes too
using Loss = std::variant<CrossEntropy, MeanSquaredError, BinaryCrossEntropy>;

// logits: (N, classes) fp32, labels: (N) int64 in [0, classes) → a scalar.
Tensor loss_of(const Loss& loss, const Tensor& logits, const Tensor& labels);

}  // namespace signsym
