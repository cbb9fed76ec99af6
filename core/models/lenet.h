// LeNet-5 (LeCun et al. 1998) in the field's present form.
#pragma once

#include "models/graph.h"

namespace signsym {

// conv1 5×5 (pad 2 for pictures under 32 pixels) → 6, pool, conv2 5×5 → 16, pool, fc1 120, fc2 84, fc3 classes.
// Errors: invalid_config (field "model.lenet") where the picture is smaller than 12 × 12.
Graph lenet(int64_t channels, int64_t height, int64_t width, int64_t classes, ActivationKind activation);

}  // namespace signsym
