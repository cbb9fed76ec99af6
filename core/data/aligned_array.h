// Memory for a batch or a sample, at a multiple of 64 bytes; its values are not initialised.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace signsym {

template <class Value>
class AlignedArray {
 public:
  explicit AlignedArray(size_t size) : data_(static_cast<Value*>(::operator new(size * sizeof(Value), alignment))) {}
  Value* data() const { return data_.get(); }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(Value* data) const { ::operator delete(data, alignment); }
  };
  std::unique_ptr<Value, Free> data_;
};

}  // namespace signsym
