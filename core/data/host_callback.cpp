#include "data/host_callback.h"

#include <limits>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"

namespace signsym {
namespace {

class CallbackSet final : public Dataset {
 public:
  explicit CallbackSet(HostCallback callback) : callback_(std::move(callback)) {}

  int64_t size() const override { return callback_.size; }
  int64_t classes() const override { return callback_.classes; }
  SampleShape shape() const override { return callback_.shape; }
  ElementType pixel_type() const override { return callback_.type; }
  SampleStrides strides() const override { return compact_strides(callback_.shape, callback_.layout); }
  size_t scratch_size() const override { return static_cast<size_t>(callback_.shape.size() * size_of(callback_.type)); }
  bool concurrent() const override { return callback_.concurrent; }

  Sample sample(int64_t index, void* scratch) const override {
    std::unique_lock<std::recursive_mutex> lock(one_at_a_time_, std::defer_lock);
    if (!callback_.concurrent) lock.lock();
    const int64_t label = callback_.function(index, scratch);
    if (label < 0 || label >= callback_.classes)
      throw Error(Status::callback_failed, "the sample callback gave sample " + std::to_string(index) + " the label " +
                                               std::to_string(label) + ": 0 to " +
                                               std::to_string(callback_.classes - 1) + " is expected");
    return {scratch, label};
  }

 private:
  const HostCallback callback_;
  mutable std::recursive_mutex one_at_a_time_;  // recursive: the function may use the set itself
};

}  // namespace

std::unique_ptr<Dataset> open_host_callback(HostCallback callback) {
  int64_t values = std::numeric_limits<int64_t>::max() / 8;
  const std::pair<const char*, int64_t> extents[] = {{"size", callback.size},
                                                     {"channels", callback.shape.channels},
                                                     {"height", callback.shape.height},
                                                     {"width", callback.shape.width}};
  for (const auto& [name, extent] : extents) {
    if (extent < 1)
      throw Error(Status::invalid_argument,
                  std::string(name) + ": " + std::to_string(extent) + " is out of range: at least 1 is expected");
    values /= extent;
  }
  if (values == 0)
    throw Error(Status::invalid_argument, "shape: size and shape make more bytes than memory can have; check them");
  check_classes(callback.classes);
  return std::make_unique<CallbackSet>(std::move(callback));
}

}  // namespace signsym
