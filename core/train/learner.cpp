#include "train/learner.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "base/error.h"

namespace signsym {
namespace {

void copy_all(std::vector<Tensor>& to, const std::vector<Tensor>& from) {
  at::NoGradGuard no_grad;
  if (!to.empty()) at::_foreach_copy_(to, from);
}

}  // namespace

Learner::Learner(std::shared_ptr<Model> model, std::unique_ptr<Sgd> optimizer, Loss loss)
    : model_(std::move(model)), optimizer_(std::move(optimizer)), loss_(loss),
      strategy_(std::make_unique<FeedbackStrategy>()) {
  for (const NamedTensor& buffer : model_->buffers()) {
    buffers_.push_back(buffer.tensor);
    buffers_before_.push_back(at::empty_like(buffer.tensor));
  }
}

StepResult Learner::step(const Tensor& x, const Tensor& labels, uint32_t step, double learning_rate) {
  at::AutoGradMode gradients(true);
  const c10::Device device = model_->options().device;
  const Tensor targets = labels.to(device);

  // The forward pass changes batch norm's running statistics; the optimiser alone changes parameters, last of all.
  copy_all(buffers_before_, buffers_);
  try {
    strategy_->begin_step(*model_, step);
    const Tensor logits = model_->forward(x.to(device), Pass::training(step), strategy_->observer());
    const Tensor loss = loss_of(loss_, logits, targets);

    StepResult result;
    result.loss = loss.item<double>();
    if (!std::isfinite(result.loss))
      throw Error(Status::diverged, std::string("the loss is ") + (std::isnan(result.loss) ? "NaN" : "infinite"));
    result.correct = logits.detach().argmax(1).eq(targets).sum().item<int64_t>();

    optimizer_->clear_gradients();
    strategy_->backward(*model_, loss, logits);
    strategy_->learn(*model_, learning_rate);
    optimizer_->step(learning_rate);
    return result;
  } catch (...) {
    copy_all(buffers_, buffers_before_);
    throw;
  }
}

}  // namespace signsym
