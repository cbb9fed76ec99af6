// A data set: samples by index, each with a label, in host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/element_type.h"

namespace signsym {

// One shape for all samples of a set: channels × height × width (a vector of n values: n × 1 × 1).
struct SampleShape {
  int64_t channels = 0;
  int64_t height = 1;
  int64_t width = 1;
  int64_t size() const { return channels * height * width; }
};

// Value (c, y, x) of a sample lies c · channel + y · row + x · pixel values from its first; 0 and negative ones too.
struct SampleStrides {
  int64_t channel = 0;
  int64_t row = 0;
  int64_t pixel = 0;
};

enum class Layout { nchw, nhwc };

// One value beside the other.
SampleStrides compact_strides(const SampleShape& shape, Layout layout);

struct Sample {
  const void* pixels = nullptr;  // value (0, 0, 0)
  int64_t label = 0;             // in [0, classes)
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  virtual int64_t classes() const = 0;
  virtual SampleShape shape() const = 0;
  // Values of u8 are divided by 255 on their way into a batch, those of every other type are taken as they are.
  virtual ElementType pixel_type() const = 0;
  virtual SampleStrides strides() const { return compact_strides(shape(), Layout::nchw); }

  // Sample `index` of size(). A set in memory gives its own address, valid as long as the set, and ignores `scratch`;
  // one that makes its samples writes to `scratch`: scratch_size() bytes at a multiple of 64.
  // Errors: callback_failed.
  virtual Sample sample(int64_t index, void* scratch) const = 0;
  virtual size_t scratch_size() const { return 0; }
  // Whether other threads than the one that asked for a batch may call sample(), several at once.
  virtual bool concurrent() const { return true; }

  // Published mean and standard deviation of each channel in units of the 0 to 1 range; empty where there is none.
  virtual std::vector<double> mean() const { return {}; }
  virtual std::vector<double> std_deviation() const { return {}; }
};

// Errors: invalid_argument where a host's set has another number of classes than 1 to 1048576, as models have them.
void check_classes(int64_t classes);

enum class Split { train, test };

}  // namespace signsym
