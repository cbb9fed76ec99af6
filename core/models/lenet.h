// LeNet-5 (LeCun et al. 1998) in the field's present form.
#pragma once

#include "models/graph.h"

namespace signsym {

// conv1 5×5 (pad 2 for pictures under 32 pixels) → filters, pool, conv2 5×5, pool, fc1, fc2, fc3 → classes. With 6
// filters, LeCun's, the other layers have 16, 120 and 84 outputs; they grow in proportion, rounded to the nearest.
// Errors: invalid_config (field "model.lenet") where the picture is smaller than 12 × 12.
Graph lenet(int64_t channels, int64_t height, int64_t width, int64_t filters, int64_t classes,
            ActivationKind activation);

}  // namespace signsym
