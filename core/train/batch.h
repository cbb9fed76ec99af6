// Samples in host memory as tensors: the one place that knows where they lie.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>

#include "data/loader.h"

namespace signsym {

using at::Tensor;

// A loader's batch without a copy, valid as long as the batch is: (N, C, H, W) fp32 and (N) int64.
Tensor pixels_of(const Batch& batch, SampleShape shape, Layout layout);
Tensor labels_of(const Batch& batch);

// Samples first … first + count − 1 through a pipeline into a new tensor (N, C, H, W) fp32. `seed`, `epoch`: of the
// transforms' random numbers.
Tensor gather_pixels(const Dataset& set, int64_t first, int64_t count, const Pipeline& pipeline, Layout layout,
                     uint64_t seed = 0, int64_t epoch = 0);
Tensor gather_labels(const Dataset& set);

}  // namespace signsym
