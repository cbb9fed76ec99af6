#include "data/dataset.h"

#include "base/error.h"

namespace signsym {

SampleStrides compact_strides(const SampleShape& shape, Layout layout) {
  if (layout == Layout::nchw) return {shape.height * shape.width, shape.width, 1};
  return {1, shape.width * shape.channels, shape.channels};
}

void check_classes(int64_t classes) {
  constexpr int64_t most = 1 << 20;
  if (classes < 1 || classes > most)
    throw Error(Status::invalid_argument, "classes: " + std::to_string(classes) + " is out of range: 1 to " +
                                              std::to_string(most) + " are expected");
}

}  // namespace signsym
