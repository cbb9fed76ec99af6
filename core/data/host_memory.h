// A data set in memory that somebody else owns, used in place.
#pragma once

#include <memory>

#include "data/dataset.h"

namespace signsym {

struct HostMemory {
  const void* pixels = nullptr;  // size × shape.size() values, CHW, contiguous
  PixelType type = PixelType::f32;
  const int64_t* labels = nullptr;  // size values in [0, classes); checked once, when the set is made
  int64_t size = 0;
  int64_t classes = 0;
  SampleShape shape;
};

// The memory must outlive the data set and not change under it. Errors: invalid_argument.
std::unique_ptr<Dataset> open_host_memory(const HostMemory& memory);

}  // namespace signsym
