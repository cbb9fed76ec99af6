// Stochastic gradient descent with momentum, torch.optim.SGD's arithmetic.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "models/model.h"

namespace signsym {

struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = false;
  double dampening = 0;
  double weight_decay = 1e-4;
  bool decoupled_decay = false;  // w ← (1 − ηλ)w apart from the gradient
  double clip_norm = 0;          // 0: no clipping
  double clip_value = 0;         // 0: no clipping
};

class Sgd {
 public:
  // decays[i]: whether parameters[i] has weight decay. The tensors are shared with the model.
  Sgd(const std::vector<NamedTensor>& parameters, const std::vector<bool>& decays, const SgdOptions& options);

  void clear_gradients();
  // One step from the gradients that are there. A parameter without a gradient stays as it is.
  void step(double learning_rate);

  // Momentum by parameter ("conv1.weight"); empty before the first step.
  std::vector<NamedTensor> momentum() const;
  // Sets it, in the parameters' order (resume).
  void set_momentum(const std::vector<Tensor>& momentum);
  const SgdOptions& options() const { return options_; }

 private:
  void clip_gradients();
  struct Group {
    double weight_decay = 0;
    std::vector<size_t> members;  // of parameters_
  };
  std::vector<NamedTensor> parameters_;
  std::vector<Group> groups_;
  std::vector<Tensor> momentum_;  // one for each parameter; undefined before its first step
  SgdOptions options_;
};

}  // namespace signsym
