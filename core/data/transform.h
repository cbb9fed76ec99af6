// What happens to a sample on its way into a batch: pure functions of the sample and its place in the random stream.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/random.h"
#include "data/dataset.h"

namespace signsym {

struct Crop { int64_t padding = 4; };              // pads with black, cuts the old size out at a random place
struct Flip { double probability = 0.5; };         // left and right
struct Normalize { std::vector<double> mean, std; };  // one of each for a channel
using Transform = std::variant<Crop, Flip, Normalize>;

enum class Layout { nchw, nhwc };

// Whose random numbers: a sample's are the same whichever thread or rank loads it.
struct SampleKey {
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t index = 0;  // in the data set
};

// What is not normalised is value/255 (u8) or the value itself (f32). One pass from the set's memory to `out`.
class Pipeline {
 public:
  // training: false leaves Crop and Flip out. Errors: invalid_config where mean and std do not fit the channels.
  Pipeline(std::vector<Transform> transforms, SampleShape shape, PixelType type, bool training);

  // out: shape.size() floats of this sample in the batch, CHW or HWC.
  void apply(const void* pixels, const SampleKey& key, Layout layout, float* out) const;

 private:
  // (the implementer's)
};

}  // namespace signsym
