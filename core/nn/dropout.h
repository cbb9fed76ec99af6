// Dropout by the library's own random numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include "base/random.h"

namespace signsym {

using at::Tensor;

// x with each value 0 at `probability` (in [0, 1)), else multiplied by 1/(1 − probability). x: (N, …). Value i in the
// order of the shape, whatever the memory format, is dropped where random.uniform(i) < probability.
Tensor dropout(const Tensor& x, double probability, const Random& random);

}  // namespace signsym
