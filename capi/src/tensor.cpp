#include "tensor.h"

#include <ATen/ATen.h>

#include <type_traits>
#include <vector>

#include "callback.h"
#include "data/strided_view.h"
#include "guard.h"

using namespace signsym;
using namespace signsym::capi;

namespace {

// What a tensor's deleter frees.
struct Exported {
  DLManagedTensorVersioned tensor{};
  std::vector<int64_t> shape, strides;
  std::shared_ptr<const void> owner;  // of the memory
};

std::unique_ptr<Exported> make_tensor(void* data, ElementType type, std::vector<int64_t> shape,
                                      std::vector<int64_t> strides, std::shared_ptr<const void> owner) {
  auto exported = std::make_unique<Exported>();
  exported->shape = std::move(shape);
  exported->strides = std::move(strides);
  exported->owner = std::move(owner);
  DLManagedTensorVersioned& tensor = exported->tensor;
  tensor.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  tensor.manager_ctx = exported.get();
  tensor.deleter = [](DLManagedTensorVersioned* self) {
    const InLibrary inside;
    if (inside.may_free()) delete static_cast<Exported*>(self->manager_ctx);
  };
  tensor.dl_tensor = {data,
                      {kDLCPU, 0},
                      static_cast<int32_t>(exported->shape.size()),
                      dlpack_type(type),
                      exported->shape.data(),
                      exported->strides.data(),
                      0};
  return exported;
}

ElementType element_type(at::ScalarType type) {
  switch (type) {
    case at::kByte: return ElementType::u8;
    case at::kChar: return ElementType::i8;
    case at::kShort: return ElementType::i16;
    case at::kInt: return ElementType::i32;
    case at::kLong: return ElementType::i64;
    case at::kHalf: return ElementType::f16;
    case at::kBFloat16: return ElementType::bf16;
    case at::kFloat: return ElementType::f32;
    case at::kDouble: return ElementType::f64;
    default: throw Error(Status::unsupported, std::string("a tensor of the type ") + c10::toString(type));
  }
}

std::vector<int64_t> compact_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t values = 1;
  for (size_t i = shape.size(); i-- > 0; values *= shape[i]) strides[i] = values;
  return strides;
}

}  // namespace

namespace signsym::capi {

DLManagedTensorVersioned* export_tensor(const at::Tensor& tensor, bool read_only) {
  auto exported = make_tensor(tensor.data_ptr(), element_type(tensor.scalar_type()), tensor.sizes().vec(),
                              tensor.strides().vec(), std::make_shared<at::Tensor>(tensor));
  if (tensor.is_cuda()) exported->tensor.dl_tensor.device = {kDLCUDA, tensor.device().index()};
  if (read_only) exported->tensor.flags |= DLPACK_FLAG_BITMASK_READ_ONLY;
  return &exported.release()->tensor;
}

at::Tensor import_tensor(const DLTensor* tensor, const char* parameter) {
  const StridedView view = view_tensor(tensor, parameter);
  const at::Tensor out = at::empty(view.shape, is_integer(view.type) ? at::kLong : at::kFloat);
  const int dimensions = static_cast<int>(view.shape.size());
  std::vector<int64_t> index(dimensions, 0);
  with_type(view.type, [&](auto type) {
    const auto* from = static_cast<const decltype(type)*>(view.data);
    const auto put = [&](auto* to) {
      for (int64_t i = 0; i < out.numel(); ++i) {
        to[i] = static_cast<std::remove_pointer_t<decltype(to)>>(*from);
        // The next index; the last dimension moves fastest.
        for (int d = dimensions - 1; d >= 0; --d) {
          from += view.strides[d];
          if (++index[d] < view.shape[d]) break;
          from -= view.strides[d] * view.shape[d];
          index[d] = 0;
        }
      }
    };
    if (is_integer(view.type))
      put(out.data_ptr<int64_t>());
    else
      put(out.data_ptr<float>());
  });
  return out;
}

Layout to_layout(signsym_layout layout) {
  if (layout == SIGNSYM_NCHW) return Layout::nchw;
  if (layout == SIGNSYM_NHWC) return Layout::nhwc;
  throw Error(Status::invalid_argument,
              "layout: " + std::to_string(layout) + ": SIGNSYM_NCHW (1) or SIGNSYM_NHWC (2) is expected");
}

ElementType to_element_type(signsym_type type) {
  static_assert(static_cast<int>(ElementType::u8) == SIGNSYM_U8 - 1 && static_cast<int>(ElementType::i8) == SIGNSYM_I8 - 1 &&
                static_cast<int>(ElementType::f16) == SIGNSYM_F16 - 1 && static_cast<int>(ElementType::f64) == SIGNSYM_F64 - 1);
  if (type >= SIGNSYM_U8 && type <= SIGNSYM_F64) return static_cast<ElementType>(type - 1);
  throw Error(Status::invalid_argument,
              "type: " + std::to_string(type) + ": one of signsym_type, SIGNSYM_U8 (1) to SIGNSYM_F64 (12), is expected");
}

}  // namespace signsym::capi

extern "C" {

signsym_status signsym_tensor_wrap(void* data, signsym_type type, const int64_t* shape, const int64_t* strides,
                                   int32_t dimensions, void* user_data, signsym_destroy_fn destroy,
                                   struct DLManagedTensorVersioned** out, signsym_error** error) {
  return guard_owning(user_data, destroy, error, [&](std::shared_ptr<void> owner) {
    require(out, "out");
    require(data, "data");
    const ElementType element = to_element_type(type);
    if (dimensions < 0 || dimensions > 8)
      throw Error(Status::invalid_argument, "dimensions: " + std::to_string(dimensions) + ": 0 to 8 are expected");
    if (dimensions > 0) require(shape, "shape");
    std::vector<int64_t> extents(shape, shape + dimensions);
    DLTensor tensor{data, {kDLCPU, 0}, dimensions, dlpack_type(element), extents.data(), const_cast<int64_t*>(strides), 0};
    view_tensor(&tensor, "tensor");
    std::vector<int64_t> steps = strides ? std::vector<int64_t>(strides, strides + dimensions) : compact_strides(extents);
    *out = &make_tensor(data, element, std::move(extents), std::move(steps), std::move(owner)).release()->tensor;
  });
}

void signsym_tensor_free(struct DLManagedTensorVersioned* tensor) {
  if (!tensor || !tensor->deleter) return;
  const HostCall call;  // it may be a tensor of the host's
  try {
    tensor->deleter(tensor);
  } catch (...) {
  }
}

}  // extern "C"
