#include "nn/dropout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace signsym {

Tensor dropout(const Tensor& x, double probability, const Random& random) {
  if (probability == 0) return x;
  Tensor kept = at::empty(x.sizes(), at::kFloat);
  float* out = kept.data_ptr<float>();
  const float bound = static_cast<float>(probability);
  constexpr int64_t grain = 16384;  // a multiple of 4, so that each piece begins at a block
  const int64_t count = kept.numel();
  at::parallel_for(0, (count + grain - 1) / grain, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * grain, last = std::min(end * grain, count);
    random.uniform(out + first, first, last - first);
    for (int64_t i = first; i < last; ++i) out[i] = out[i] < bound ? 0.0f : 1.0f;
  });
  // 0 and 1 are exact in each type; the factor is multiplied in fp32.
  return x.mul(at::empty_like(x).copy_(kept)).mul_(1 / (1 - probability));
}

}  // namespace signsym
