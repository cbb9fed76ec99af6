// A part of a data set, and the class-balanced split of one into two.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace signsym {

// The samples of `set` at `indices`, in that order.
std::unique_ptr<Dataset> make_subset(std::shared_ptr<const Dataset> set, std::vector<int64_t> indices);

struct SplitIndices {
  std::vector<int64_t> train;  // ascending
  std::vector<int64_t> held_out;
};

// Holds out ⌊fraction · n_c⌋ samples of each class c, drawn by seed. 0 < fraction < 1.
// Errors: invalid_config (field "data.validation_fraction") where either part would be empty.
SplitIndices split_by_class(const Dataset& set, double fraction, uint64_t seed);

}  // namespace signsym
