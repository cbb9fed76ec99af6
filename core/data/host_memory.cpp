#include "data/host_memory.h"

#include <limits>
#include <string>
#include <utility>

#include "base/error.h"

namespace signsym {
namespace {

class HostSet final : public Dataset {
 public:
  explicit HostSet(const HostMemory& memory)
      : memory_(memory), stride_(memory.shape.size() * (memory.type == PixelType::f32 ? 4 : 1)) {}

  int64_t size() const override { return memory_.size; }
  int64_t classes() const override { return memory_.classes; }
  SampleShape shape() const override { return memory_.shape; }
  PixelType pixel_type() const override { return memory_.type; }
  int64_t label(int64_t index) const override { return memory_.labels[index]; }
  const void* pixels(int64_t index) const override {
    return static_cast<const char*>(memory_.pixels) + index * stride_;
  }

 private:
  const HostMemory memory_;
  const int64_t stride_;  // bytes
};

[[noreturn]] void refuse(const std::string& message) {
  throw Error(Status::invalid_argument, "data set in host memory: " + message);
}

bool aligned(const void* pointer, size_t bytes) { return reinterpret_cast<uintptr_t>(pointer) % bytes == 0; }

void check_shape(const HostMemory& memory) {
  int64_t values = std::numeric_limits<int64_t>::max() / static_cast<int64_t>(sizeof(float));
  const std::pair<const char*, int64_t> extents[] = {{"size", memory.size},
                                                     {"channels", memory.shape.channels},
                                                     {"height", memory.shape.height},
                                                     {"width", memory.shape.width}};
  for (const auto& [name, extent] : extents) {
    if (extent < 1) refuse(std::string(name) + " " + std::to_string(extent) + ": at least 1 is expected");
    values /= extent;
    if (values == 0) refuse("size and shape make more bytes than memory can have; check them");
  }
  if (memory.classes < 1) refuse("classes " + std::to_string(memory.classes) + ": at least 1 is expected");
}

}  // namespace

std::unique_ptr<Dataset> open_host_memory(const HostMemory& memory) {
  check_shape(memory);
  if (memory.pixels == nullptr || memory.labels == nullptr)
    refuse(std::string(memory.pixels == nullptr ? "pixels" : "labels") + " is a null pointer");
  if (memory.type == PixelType::f32 && !aligned(memory.pixels, sizeof(float)))
    refuse("pixels are floats at an address that is no multiple of 4; align them");
  if (!aligned(memory.labels, sizeof(int64_t)))
    refuse("labels are 64-bit integers at an address that is no multiple of 8; align them");
  for (int64_t i = 0; i < memory.size; ++i)
    if (memory.labels[i] < 0 || memory.labels[i] >= memory.classes)
      refuse("sample " + std::to_string(i) + ": label " + std::to_string(memory.labels[i]) + ": 0 to " +
             std::to_string(memory.classes - 1) + " is expected");
  return std::make_unique<HostSet>(memory);
}

}  // namespace signsym
