#include "data/strided_view.h"

#include <limits>

#include "base/error.h"

namespace signsym {
namespace {

constexpr int64_t most_values = std::numeric_limits<int64_t>::max() / 8;
constexpr int32_t most_dimensions = 8;
constexpr ElementType all_types[] = {ElementType::u8,  ElementType::u16, ElementType::u32, ElementType::u64,
                                     ElementType::i8,  ElementType::i16, ElementType::i32, ElementType::i64,
                                     ElementType::f16, ElementType::bf16, ElementType::f32, ElementType::f64};

bool in_host_memory(DLDeviceType device) { return device == kDLCPU || device == kDLCUDAHost || device == kDLROCMHost; }

class Check {
 public:
  Check(const DLTensor& tensor, const std::string& name) : tensor_(tensor), name_(name) {}

  StridedView view() const {
    if (!in_host_memory(tensor_.device.device_type))
      refuse("device of type " + std::to_string(tensor_.device.device_type) +
             ": host memory (kDLCPU) is expected; copy it there first");
    StridedView view;
    view.type = type();
    if (tensor_.ndim < 0 || tensor_.ndim > most_dimensions)
      refuse(std::to_string(tensor_.ndim) + " dimensions: 0 to " + std::to_string(most_dimensions) + " are expected");
    if (tensor_.ndim > 0 && !tensor_.shape) refuse("shape is NULL");
    view.shape.assign(tensor_.shape, tensor_.shape + tensor_.ndim);
    view.strides = strides(view.shape);
    view.data = data(view);
    return view;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(Status::invalid_argument, name_ + ": " + what);
  }

  ElementType type() const {
    const DLDataType found = tensor_.dtype;
    if (found.code == kDLBool && found.bits == 8 && found.lanes == 1) return ElementType::i8;
    for (const ElementType type : all_types) {
      const DLDataType wanted = dlpack_type(type);
      if (found.code == wanted.code && found.bits == wanted.bits && found.lanes == wanted.lanes) return type;
    }
    refuse("type of code " + std::to_string(found.code) + ", " + std::to_string(found.bits) + " bits and " +
           std::to_string(found.lanes) + " lanes: an integer of 8, 16, 32 or 64 bits, float16, bfloat16, float32, " +
           "float64 or bool is expected, of one lane");
  }

  std::vector<int64_t> strides(const std::vector<int64_t>& shape) const {
    int64_t values = 1;
    std::vector<int64_t> strides(shape.size());
    for (size_t i = shape.size(); i-- > 0;) {
      if (shape[i] < 1)
        refuse("dimension " + std::to_string(i) + " is " + std::to_string(shape[i]) + ": at least 1 is expected");
      if (shape[i] > 1) strides[i] = tensor_.strides ? tensor_.strides[i] : values;
      if (__builtin_mul_overflow(values, shape[i], &values) || values > most_values)
        refuse("shape makes more bytes than memory can have; check it");
    }
    return strides;
  }

  const void* data(const StridedView& view) const {
    if (!tensor_.data) refuse("data is NULL");
    const int64_t size = size_of(view.type);
    int64_t first = 0;
    bool outside = __builtin_add_overflow(reinterpret_cast<uintptr_t>(tensor_.data), tensor_.byte_offset, &first);
    int64_t low = first, high = first;  // of the values' addresses; those of a process are far below 2^63
    for (size_t i = 0; i < view.shape.size(); ++i) {
      int64_t bytes = 0;
      outside |= __builtin_mul_overflow(view.strides[i], view.shape[i] - 1, &bytes) ||
                 __builtin_mul_overflow(bytes, size, &bytes);
      int64_t& end = bytes < 0 ? low : high;
      outside |= __builtin_add_overflow(end, bytes, &end);
    }
    outside |= low < 0;
    if (outside) refuse("strides or byte_offset lead out of the address space; check them");
    if (first % size != 0)
      refuse(std::string(name_of(view.type)) + " at an address that is no multiple of " + std::to_string(size) +
             "; align it");
    return reinterpret_cast<const void*>(first);
  }

  const DLTensor& tensor_;
  const std::string& name_;
};

}  // namespace

StridedView view_tensor(const DLTensor* tensor, const std::string& name) {
  if (!tensor) throw Error(Status::invalid_argument, name + " is NULL");
  return Check(*tensor, name).view();
}

DLDataType dlpack_type(ElementType type) {
  const auto bits = static_cast<uint8_t>(8 * size_of(type));
  if (type <= ElementType::u64) return {kDLUInt, bits, 1};
  if (type <= ElementType::i64) return {kDLInt, bits, 1};
  return {static_cast<uint8_t>(type == ElementType::bf16 ? kDLBfloat : kDLFloat), bits, 1};
}

}  // namespace signsym
