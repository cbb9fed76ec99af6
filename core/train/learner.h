// One training step: model, feedback, loss and optimiser together. It knows nothing of data sets, epochs or files.
#pragma once

#include <memory>

#include "models/model.h"
#include "optim/sgd.h"
#include "train/feedback_strategy.h"
#include "train/loss.h"

namespace signsym {

struct StepResult {
  double loss = 0;      // mean over the batch, before the step
  int64_t correct = 0;  // top-1, of the batch
};

class Learner {
 public:
  Learner(std::shared_ptr<Model> model, std::unique_ptr<Sgd> optimizer, Loss loss);

  // x: (N, …) fp32, labels: (N) int64, both on any device. Errors: diverged; then the model is as before the step.
  StepResult step(const Tensor& x, const Tensor& labels, uint32_t step, double learning_rate);

  // For rules that need more than B = f(W).
  void set_strategy(std::unique_ptr<FeedbackStrategy> strategy) { strategy_ = std::move(strategy); }

  Model& model() { return *model_; }
  const Model& model() const { return *model_; }
  Sgd& optimizer() { return *optimizer_; }
  const Sgd& optimizer() const { return *optimizer_; }
  const Loss& loss() const { return loss_; }

 private:
  std::shared_ptr<Model> model_;
  std::unique_ptr<Sgd> optimizer_;
  Loss loss_;
  std::unique_ptr<FeedbackStrategy> strategy_;
  std::vector<Tensor> buffers_, buffers_before_;  // the model's, and as they were before the step that goes on
};

}  // namespace signsym
