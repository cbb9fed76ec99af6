#include "train/evaluation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "train/batch.h"

namespace signsym {

Evaluation evaluate(const Network& network, const Loss& loss, const Dataset& set, Loader& loader, Layout layout,
                    const CancelCheck& cancelled) {
  at::NoGradGuard no_grad;
  const Model& model = network.model();
  const c10::Device device = model.options().device;
  Evaluation result;
  int64_t correct = 0, among_five = 0;
  double loss_sum = 0;
  const bool five = set.classes() > 5;
  loader.start(0, 0, cancelled);
  while (const Batch* batch = loader.next(cancelled)) {
    if (cancelled && cancelled()) throw Error(Status::cancelled, "the evaluation was cancelled");
    const auto reading = network.gate().read();
    const Tensor labels = labels_of(*batch).to(device);
    const Tensor logits = model.forward(pixels_of(*batch, set.shape(), layout).to(device), Pass::evaluation());
    loss_sum += loss_of(loss, logits, labels).item<double>() * batch->size;
    correct += logits.argmax(1).eq(labels).sum().item<int64_t>();
    if (five) among_five += std::get<1>(logits.topk(5, 1)).eq(labels.unsqueeze(1)).sum().item<int64_t>();
    result.samples += batch->size;
  }
  if (!std::isfinite(loss_sum)) throw Error(Status::diverged, "the loss on the held-out part is not finite");
  result.loss = loss_sum / result.samples;
  result.top1 = percent(correct, result.samples);
  if (five) result.top5 = percent(among_five, result.samples);
  return result;
}

}  // namespace signsym
