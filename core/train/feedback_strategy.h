// What a rule needs beyond B = f(W): the learner asks, so that no layer knows of training. The class itself is the
// strategy of every rule whose B is a function of W; docs/architecture.md sketches a direct rule.
#pragma once

#include "models/model.h"

namespace signsym {

class FeedbackStrategy {
 public:
  virtual ~FeedbackStrategy() = default;

  // Before the forward pass: the B of this step.
  virtual void begin_step(Model& model, uint32_t step) { model.update_feedback_weights(step); }

  // Sees, or takes over, each node's output in training. Empty: nobody looks, and operations may run in place.
  virtual NodeObserver observer() { return {}; }

  // The backward pass: gradients of all parameters.
  virtual void backward(Model&, const Tensor& loss, const Tensor& /*logits*/) { loss.backward(); }

  // The weights' gradients are there, the optimiser has not used them yet: learned feedback weights take their step.
  virtual void learn(Model&, double /*learning_rate*/) {}
};

}  // namespace signsym
