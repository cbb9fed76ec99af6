// Tensors for and from the host, as DLPack has them.
#pragma once

#include <signsym/signsym.h>

#include <ATen/core/Tensor.h>

#include "data/dataset.h"

namespace signsym::capi {

// The tensor's own memory, not a copy; it lives until the deleter is called, once and on any thread. In host memory.
DLManagedTensorVersioned* export_tensor(const at::Tensor& tensor, bool read_only = false);

// A copy of a host's tensor: float32 of a floating-point type, else int64. `parameter` names it in errors:
// invalid_argument.
at::Tensor import_tensor(const DLTensor* tensor, const char* parameter);

// Errors: invalid_argument where the host gave another number.
Layout to_layout(signsym_layout layout);
ElementType to_element_type(signsym_type type);

}  // namespace signsym::capi
