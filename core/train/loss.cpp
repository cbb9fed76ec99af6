#include "train/loss.h"

#include <ATen/ATen.h>

namespace signsym {

Tensor loss_of(const Loss& loss, const Tensor& logits, const Tensor& labels) {
  if (const auto* cross_entropy = std::get_if<CrossEntropy>(&loss))
    return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, cross_entropy->label_smoothing);
  const Tensor targets = at::zeros_like(logits).scatter_(1, labels.unsqueeze(1), 1.0);
  return std::holds_alternative<MeanSquaredError>(loss) ? at::mse_loss(logits, targets)
                                                        : at::binary_cross_entropy_with_logits(logits, targets);
}

}  // namespace signsym
