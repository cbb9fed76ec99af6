// The data set's handle.
#pragma once

#include <signsym/signsym.h>

#include <memory>

#include "data/dataset.h"
#include "handle.h"

namespace signsym::capi {

struct DatasetObject {
  std::shared_ptr<const Dataset> set;
};
template <>
struct Handled<signsym_dataset> {
  using Object = DatasetObject;
  static constexpr HandleType type = HandleType::dataset;
};

}  // namespace signsym::capi
