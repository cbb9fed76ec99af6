#include "data/host_memory.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace signsym {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalid_argument, message); }

// Address of the index (i, 0, 0, …).
const void* at(const StridedView& tensor, int64_t i) {
  return static_cast<const char*>(tensor.data) + i * tensor.strides[0] * size_of(tensor.type);
}

int64_t label_at(const StridedView& labels, int64_t i) {
  return with_type(labels.type, [&](auto type) {
    return static_cast<int64_t>(*static_cast<const decltype(type)*>(at(labels, i)));
  });
}

class HostSet final : public Dataset {
 public:
  explicit HostSet(HostMemory memory) : memory_(std::move(memory)) {
    const std::vector<int64_t>&shape = memory_.samples.shape, &strides = memory_.samples.strides;
    if (shape.size() == 2) {
      shape_ = {shape[1], 1, 1};
      strides_ = {strides[1], 0, 0};
    } else if (memory_.layout == Layout::nchw) {
      shape_ = {shape[1], shape[2], shape[3]};
      strides_ = {strides[1], strides[2], strides[3]};
    } else {
      shape_ = {shape[3], shape[1], shape[2]};
      strides_ = {strides[3], strides[1], strides[2]};
    }
  }

  int64_t size() const override { return memory_.samples.shape[0]; }
  int64_t classes() const override { return memory_.classes; }
  SampleShape shape() const override { return shape_; }
  ElementType pixel_type() const override { return memory_.samples.type; }
  SampleStrides strides() const override { return strides_; }
  Sample sample(int64_t index, void*) const override {
    return {at(memory_.samples, index), memory_.labels ? label_at(*memory_.labels, index) : 0};
  }

 private:
  const HostMemory memory_;
  SampleShape shape_;
  SampleStrides strides_;
};

void check_labels(const StridedView& labels, int64_t size, int64_t classes) {
  if (labels.shape.size() != 1)
    refuse("labels: " + std::to_string(labels.shape.size()) + " dimensions: 1 (N) is expected");
  if (labels.shape[0] != size)
    refuse("labels: " + std::to_string(labels.shape[0]) + " for " + std::to_string(size) + " samples; as many are expected");
  if (!is_integer(labels.type)) refuse(std::string("labels: ") + name_of(labels.type) + ": integers are expected");
  for (int64_t i = 0; i < size; ++i) {
    const int64_t label = label_at(labels, i);
    if (label < 0 || label >= classes)
      refuse("labels: that of sample " + std::to_string(i) + " is " + std::to_string(label) + ": 0 to " +
             std::to_string(classes - 1) + " is expected");
  }
}

}  // namespace

std::unique_ptr<Dataset> open_host_memory(HostMemory memory) {
  const size_t dimensions = memory.samples.shape.size();
  if (dimensions != 2 && dimensions != 4)
    refuse("samples: " + std::to_string(dimensions) + " dimensions: 4 (" +
           (memory.layout == Layout::nchw ? "N, channels, height, width" : "N, height, width, channels") +
           "), or 2 (N, n), are expected");
  check_classes(memory.classes);
  if (memory.labels) check_labels(*memory.labels, memory.samples.shape[0], memory.classes);
  return std::make_unique<HostSet>(std::move(memory));
}

}  // namespace signsym
