// A graph as it runs: numbers in place of names, and what each node needs when its turn comes.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/graph.h"
#include "models/pass.h"

namespace signsym {

constexpr int no_layer = -1;

struct Step {
  const Node* node = nullptr;
  std::vector<int> inputs;   // value numbers; 0 is the model's input, node i makes value i + 1
  std::vector<int> expired;  // values that nobody reads after this step
  bool in_place = false;     // the first input may be overwritten
  int layer = no_layer;      // of the model's layers
  Tensor weight, bias;
  Tensor running_mean, running_variance, batches;
};

// The steps of a graph that was checked, without their tensors. They point to its nodes.
std::vector<Step> plan(const Graph& graph);

struct StepContext {
  Pass pass;
  bool in_place;           // the first input is overwritten
  uint64_t seed;           // of what is dropped
  Tensor weight, bias;     // of a convolution or linear layer, in the compute type
  Tensor feedback_weight;  // undefined: LibTorch's own layer
};
// What a step's operation makes of the values so far.
Tensor run(const Step& step, const std::vector<Tensor>& values, const StepContext& context);

}  // namespace signsym
