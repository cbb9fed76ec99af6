// A data set whose samples a function of the application makes.
#pragma once

#include <functional>
#include <memory>

#include "data/dataset.h"

namespace signsym {

// Writes sample `index` to `pixels`, one value beside the other, and returns its label. Throws where it cannot.
using SampleFunction = std::function<int64_t(int64_t index, void* pixels)>;

struct HostCallback {
  SampleFunction function;
  int64_t size = 0;
  int64_t classes = 1;
  SampleShape shape;
  ElementType type = ElementType::f32;
  Layout layout = Layout::nchw;
  bool concurrent = false;  // false: never called on two threads at once, whoever uses the set
};

// Errors: invalid_argument. A label out of range is callback_failed when the sample is made.
std::unique_ptr<Dataset> open_host_callback(HostCallback callback);

}  // namespace signsym
