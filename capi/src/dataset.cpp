#include "dataset.h"

#include "callback.h"
#include "config.h"
#include "data/host_callback.h"
#include "data/host_memory.h"
#include "guard.h"
#include "tensor.h"
#include "train/factory.h"

using namespace signsym;
using namespace signsym::capi;

namespace {

signsym_dataset* make_dataset_handle(std::shared_ptr<const Dataset> set) {
  return adopt<signsym_dataset>(std::make_shared<DatasetObject>(DatasetObject{std::move(set)}));
}

// Tensors of the host's that are used in place.
struct Tensors {
  DLManagedTensorVersioned *samples = nullptr, *labels = nullptr;
  Tensors() = default;
  Tensors(const Tensors&) = delete;
  ~Tensors() {
    signsym_tensor_free(samples);
    signsym_tensor_free(labels);
  }
};

const DLTensor* known_version(const DLManagedTensorVersioned* tensor, const char* parameter) {
  require(tensor, parameter);
  if (tensor->version.major != DLPACK_MAJOR_VERSION)
    throw Error(Status::invalid_argument, std::string(parameter) + ": a tensor of DLPack " +
                                              std::to_string(tensor->version.major) + ": one of DLPack 1 is expected");
  return &tensor->dl_tensor;
}

SampleShape sample_shape(const int64_t* shape, int32_t dimensions, Layout layout) {
  if (dimensions != 1 && dimensions != 3)
    throw Error(Status::invalid_argument,
                "dimensions: " + std::to_string(dimensions) + ": 3 (a picture) or 1 (a vector) are expected");
  require(shape, "shape");
  if (dimensions == 1) return {shape[0], 1, 1};
  if (layout == Layout::nchw) return {shape[0], shape[1], shape[2]};
  return {shape[2], shape[0], shape[1]};
}

// A number of the set; 0 for a wrong handle.
template <typename Ask>
int64_t ask(const signsym_dataset* handle, Ask number) noexcept {
  const auto object = find(handle);
  return object ? number(*object->set) : 0;
}

}  // namespace

extern "C" {

signsym_status signsym_dataset_create_from_config(const signsym_config* config, signsym_part part,
                                                  signsym_dataset** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    if (part != SIGNSYM_TRAINING && part != SIGNSYM_HELD_OUT)
      throw Error(Status::invalid_argument,
                  "part: " + std::to_string(part) + ": SIGNSYM_TRAINING (1) or SIGNSYM_HELD_OUT (2) is expected");
    const Config resolved = get(config, "config")->resolved();
    DataParts parts;
    locating_errors(resolved, [&] { parts = open_parts(resolved.experiment().data(), resolved.experiment().seed()); });
    *out = make_dataset_handle(std::move(part == SIGNSYM_TRAINING ? parts.training : parts.held_out));
  });
}

signsym_status signsym_dataset_create_from_memory(struct DLManagedTensorVersioned* samples,
                                                  struct DLManagedTensorVersioned* labels, signsym_layout layout,
                                                  int64_t classes, signsym_dataset** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    HostMemory memory;
    memory.samples = view_tensor(known_version(samples, "samples"), "samples");
    memory.labels = view_tensor(known_version(labels, "labels"), "labels");
    memory.layout = to_layout(layout);
    memory.classes = classes;
    const auto owner = std::make_shared<Tensors>();
    memory.owner = owner;
    *out = make_dataset_handle(open_host_memory(std::move(memory)));
    // Nothing fails any more: from here on the tensors are the set's.
    owner->samples = samples;
    owner->labels = labels;
  });
}

signsym_status signsym_dataset_create_from_callback(int64_t size, int64_t classes, const int64_t* shape,
                                                    int32_t dimensions, signsym_type type, signsym_layout layout,
                                                    int32_t concurrent, signsym_sample_fn function, void* user_data,
                                                    signsym_destroy_fn destroy, signsym_dataset** out,
                                                    signsym_error** error) {
  return guard_owning(user_data, destroy, error, [&](std::shared_ptr<void> data) {
    require(out, "out");
    require(reinterpret_cast<const void*>(function), "function");
    HostCallback callback;
    callback.size = size;
    callback.classes = classes;
    callback.layout = to_layout(layout);
    callback.shape = sample_shape(shape, dimensions, callback.layout);
    callback.type = to_element_type(type);
    callback.concurrent = concurrent != 0;
    callback.function = [function, data = std::move(data)](int64_t index, void* pixels) {
      int64_t label = -1;
      check_process();
      const std::string failure = failure_of([&] { return function(index, pixels, &label, data.get()); });
      if (forked()) check_process();
      if (!failure.empty())
        throw Error(Status::callback_failed,
                    "the sample callback " + failure + " (sample " + std::to_string(index) + ")");
      return label;
    };
    *out = make_dataset_handle(open_host_callback(std::move(callback)));
  });
}

int64_t signsym_dataset_size(const signsym_dataset* dataset) {
  return ask(dataset, [](const Dataset& set) { return set.size(); });
}

int64_t signsym_dataset_classes(const signsym_dataset* dataset) {
  return ask(dataset, [](const Dataset& set) { return set.classes(); });
}

int64_t signsym_dataset_shape(const signsym_dataset* dataset, int32_t dimension) {
  return ask(dataset, [dimension](const Dataset& set) -> int64_t {
    const SampleShape shape = set.shape();
    switch (dimension) {
      case 0: return shape.channels;
      case 1: return shape.height;
      case 2: return shape.width;
      default: return 0;
    }
  });
}

void signsym_dataset_free(signsym_dataset* dataset) { let_go(dataset); }

}  // extern "C"
