// A tensor of the application's as DLPack gives it, checked once.
#pragma once

#include <signsym/dlpack.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data/element_type.h"

namespace signsym {

// In host memory, aligned to its type; every extent is at least 1, and no index leads out of the address space.
struct StridedView {
  const void* data = nullptr;    // of index (0, 0, …)
  ElementType type = ElementType::f32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // in values, any sign; 0 where the extent is 1
};

// `name` is the parameter's, for errors ("samples"). Booleans are int8. Errors: invalid_argument.
StridedView view_tensor(const DLTensor* tensor, const std::string& name);

DLDataType dlpack_type(ElementType type);

}  // namespace signsym
