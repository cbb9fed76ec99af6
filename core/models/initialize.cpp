#include "models/initialize.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/random.h"

namespace signsym {
namespace {

at::Tensor uniform(at::IntArrayRef shape, double bound, uint64_t seed, const std::string& name) {
  at::Tensor out = at::empty(shape, at::kFloat);
  Random(seed, "initial", name).uniform(out.data_ptr<float>(), 0, out.numel());
  return out.mul_(2 * bound).sub_(bound);
}

at::Tensor normal(at::IntArrayRef shape, double deviation, uint64_t seed, const std::string& name) {
  at::Tensor out = at::empty(shape, at::kFloat);
  Random(seed, "initial", name).normal(out.data_ptr<float>(), 0, out.numel());
  return out.mul_(deviation);
}

}  // namespace

at::Tensor initial_weight(Initialization how, at::IntArrayRef shape, uint64_t seed, const std::string& name) {
  double kernel = 1;
  for (size_t d = 2; d < shape.size(); ++d) kernel *= shape[d];
  const double fan_in = shape[1] * kernel, fan_out = shape[0] * kernel;
  if (how == Initialization::xavier_uniform) return uniform(shape, std::sqrt(6 / (fan_in + fan_out)), seed, name);
  if (how == Initialization::kaiming_normal && shape.size() > 2)
    return normal(shape, std::sqrt(2 / fan_out), seed, name);
  return uniform(shape, 1 / std::sqrt(fan_in), seed, name);
}

at::Tensor initial_bias(Initialization how, int64_t size, int64_t fan_in, bool convolution, uint64_t seed,
                        const std::string& name) {
  const bool zero = how == Initialization::xavier_uniform || (how == Initialization::kaiming_normal && convolution);
  return zero ? at::zeros({size}, at::kFloat) : uniform({size}, 1 / std::sqrt(fan_in), seed, name);
}

}  // namespace signsym
