// What happens to a sample on its way into a batch: pure functions of the sample and its place in the random stream.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "data/dataset.h"

namespace signsym {

struct Crop { int64_t padding = 4; };              // pads with black, cuts the old size out at a random place
struct Flip { double probability = 0.5; };         // left and right
struct Normalize { std::vector<double> mean, std; };  // one of each for a channel
using Transform = std::variant<Crop, Flip, Normalize>;

// Whose random numbers: a sample's are the same whichever thread or rank loads it.
struct SampleKey {
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t index = 0;  // in the data set
};

// The arithmetic is that of torchvision's ToTensor and Normalize, bit for bit: in float, value / 255 (u8) or the value
// itself (other types), then (x − mean) / std, each operation rounded. One pass from the set's memory to `out`.
class Pipeline {
 public:
  // training: false leaves Crop and Flip out. Errors: invalid_config where mean and std do not fit the channels.
  Pipeline(std::vector<Transform> transforms, SampleShape shape, ElementType type, bool training);

  SampleShape shape() const { return shape_; }
  ElementType pixel_type() const { return type_; }

  // pixels: value (0, 0, 0) of the sample. out: shape.size() floats of it in the batch, CHW or HWC.
  void apply(const void* pixels, const SampleStrides& strides, const SampleKey& key, Layout layout, float* out) const;

 private:
  // A crop or a flip. A repeated one draws numbers of its own: `stream` is "" for the first, "1" for the second, …
  struct Move {
    std::variant<Crop, Flip> what;
    std::string stream;
    std::vector<float> black;  // of a crop: what its padding is in the batch, for each channel
  };
  struct Scale {
    std::vector<float> mean, std;
  };

  void add(const Normalize& normalize, const std::string& field);
  void copy_row(const void* pixels, int64_t from, int64_t step, float* out, int64_t stride, int64_t count,
                int64_t channel) const;

  SampleShape shape_;
  ElementType type_;
  std::vector<Move> moves_;    // in the order in which they are applied
  std::vector<Scale> scales_;  // the same
  std::vector<float> table_;   // u8: channels × 256, what each value becomes in the batch
};

}  // namespace signsym
