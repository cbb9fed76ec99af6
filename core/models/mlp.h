// The multi-layer perceptron.
#pragma once

#include "models/graph.h"

namespace signsym {

// fc1, fc2, …: linear layers of these sizes, the activation between them; `inputs` values a sample, flattened.
Graph mlp(int64_t inputs, const std::vector<int64_t>& hidden, int64_t classes, ActivationKind activation);

}  // namespace signsym
