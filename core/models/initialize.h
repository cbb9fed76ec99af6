// Initial weights: pure functions of (seed, parameter name).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "models/graph.h"

namespace signsym {

// fp32 on the CPU, contiguous. shape: (out, in) or (out, in/groups, kh, kw).
at::Tensor initial_weight(Initialization how, at::IntArrayRef shape, uint64_t seed, const std::string& name);
// fan_in: of the layer's weight.
at::Tensor initial_bias(Initialization how, int64_t size, int64_t fan_in, bool convolution, uint64_t seed,
                        const std::string& name);

}  // namespace signsym
