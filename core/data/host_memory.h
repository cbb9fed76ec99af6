// A data set in memory that somebody else owns, used in place.
#pragma once

#include <memory>
#include <optional>

#include "data/dataset.h"
#include "data/strided_view.h"

namespace signsym {

struct HostMemory {
  // (N, channels, height, width), with nhwc (N, height, width, channels); (N, n): n channels of 1 × 1.
  StridedView samples;
  Layout layout = Layout::nchw;
  // (N) integers in [0, classes), checked once, when the set is made; none: every label is 0.
  std::optional<StridedView> labels;
  int64_t classes = 1;
  // Goes with the set; empty: the memory must outlive it.
  std::shared_ptr<const void> owner;
};

// The memory must not change under the set. A batch of a host's is such a set too, for the time of the call:
//   open_host_memory({view_tensor(samples, "samples"), layout, view_tensor(labels, "labels"), classes, {}})
// Errors: invalid_argument.
std::unique_ptr<Dataset> open_host_memory(HostMemory memory);

}  // namespace signsym
