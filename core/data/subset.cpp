#include "data/subset.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "data/aligned_array.h"

namespace signsym {
namespace {

class Subset final : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> set, std::vector<int64_t> indices)
      : set_(std::move(set)), indices_(std::move(indices)) {}

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  int64_t classes() const override { return set_->classes(); }
  SampleShape shape() const override { return set_->shape(); }
  ElementType pixel_type() const override { return set_->pixel_type(); }
  SampleStrides strides() const override { return set_->strides(); }
  Sample sample(int64_t index, void* scratch) const override { return set_->sample(indices_[index], scratch); }
  size_t scratch_size() const override { return set_->scratch_size(); }
  bool concurrent() const override { return set_->concurrent(); }
  std::vector<double> mean() const override { return set_->mean(); }
  std::vector<double> std_deviation() const override { return set_->std_deviation(); }

 private:
  const std::shared_ptr<const Dataset> set_;
  const std::vector<int64_t> indices_;
};

[[noreturn]] void refuse(double fraction, const std::string& found) {
  throw Error(Status::invalid_config, "data.validation_fraction: " + std::to_string(fraction) + found,
              "data.validation_fraction");
}

}  // namespace

std::unique_ptr<Dataset> make_subset(std::shared_ptr<const Dataset> set, std::vector<int64_t> indices) {
  for (int64_t index : indices)
    if (index < 0 || index >= set->size())
      throw Error(Status::invalid_argument, "subset: index " + std::to_string(index) + ": 0 to " +
                                                std::to_string(set->size() - 1) + " is expected");
  return std::make_unique<Subset>(std::move(set), std::move(indices));
}

SplitIndices split_by_class(const Dataset& set, double fraction, uint64_t seed) {
  if (!(fraction > 0 && fraction < 1)) refuse(fraction, " is out of range: a number above 0 and below 1 is expected");
  std::vector<std::vector<int64_t>> of_class(static_cast<size_t>(set.classes()));
  const AlignedArray<char> scratch(set.scratch_size());
  for (int64_t i = 0; i < set.size(); ++i) of_class[set.sample(i, scratch.data()).label].push_back(i);

  SplitIndices split;
  for (size_t c = 0; c < of_class.size(); ++c) {
    const auto count = static_cast<int64_t>(of_class[c].size());
    // A fraction written in decimals may lie just under the whole number that is meant: 0.29 of 100 is 29.
    const auto held_out = static_cast<int64_t>(std::floor(fraction * static_cast<double>(count) + 1e-9));
    const auto order = permutation(Random(seed, "split", std::to_string(c)), count);
    for (int64_t i = 0; i < count; ++i) (i < held_out ? split.held_out : split.train).push_back(of_class[c][order[i]]);
  }
  if (split.held_out.empty() || split.train.empty())
    refuse(fraction, " of each class of " + std::to_string(set.size()) + " samples leaves nothing to " +
                         (split.train.empty() ? "train on" : "hold out") + "; give another fraction");
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  return split;
}

}  // namespace signsym
