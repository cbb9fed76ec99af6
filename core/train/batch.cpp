#include "train/batch.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "data/aligned_array.h"

namespace signsym {
namespace {

std::vector<int64_t> strides_of(SampleShape s, Layout layout) {
  if (layout == Layout::nchw) return {s.size(), s.height * s.width, s.width, 1};
  return {s.size(), 1, s.width * s.channels, s.channels};
}

}  // namespace

Tensor pixels_of(const Batch& batch, SampleShape s, Layout layout) {
  return at::from_blob(const_cast<float*>(batch.pixels), {batch.size, s.channels, s.height, s.width},
                       strides_of(s, layout), at::kFloat);
}

Tensor labels_of(const Batch& batch) {
  return at::from_blob(const_cast<int64_t*>(batch.labels), {batch.size}, at::kLong);
}

Tensor gather_pixels(const Dataset& set, int64_t first, int64_t count, const Pipeline& pipeline, Layout layout,
                     uint64_t seed, int64_t epoch) {
  const SampleShape s = set.shape();
  const SampleStrides strides = set.strides();
  const Tensor out = at::empty_strided({count, s.channels, s.height, s.width}, strides_of(s, layout), at::kFloat);
  float* pixels = out.data_ptr<float>();
  const auto gather = [&](int64_t begin, int64_t end) {
    const AlignedArray<char> scratch(set.scratch_size());
    for (int64_t i = begin; i < end; ++i)
      pipeline.apply(set.sample(first + i, scratch.data()).pixels, strides, {seed, epoch, first + i}, layout,
                     pixels + i * s.size());
  };
  if (set.concurrent())
    at::parallel_for(0, count, 1, gather);
  else
    gather(0, count);
  return out;
}

Tensor gather_labels(const Dataset& set) {
  const Tensor out = at::empty({set.size()}, at::kLong);
  const AlignedArray<char> scratch(set.scratch_size());
  for (int64_t i = 0; i < set.size(); ++i) out.data_ptr<int64_t>()[i] = set.sample(i, scratch.data()).label;
  return out;
}

}  // namespace signsym
