// A data set: samples by index, each with a label, in host memory as the set holds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace signsym {

enum class PixelType { u8, f32 };

// One shape for all samples of a set: channels × height × width (a vector of n values: n × 1 × 1).
struct SampleShape {
  int64_t channels = 0;
  int64_t height = 1;
  int64_t width = 1;
  int64_t size() const { return channels * height * width; }
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  virtual int64_t classes() const = 0;
  virtual SampleShape shape() const = 0;
  virtual PixelType pixel_type() const = 0;
  // In [0, classes).
  virtual int64_t label(int64_t index) const = 0;
  // shape().size() values in CHW order, valid as long as the set. Any number of threads at once.
  virtual const void* pixels(int64_t index) const = 0;

  // Published mean and standard deviation of each channel in units of the 0 to 1 range; empty where there is none.
  virtual std::vector<double> mean() const { return {}; }
  virtual std::vector<double> std_deviation() const { return {}; }
};

enum class Split { train, test };

}  // namespace signsym
