#include "data/subset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "data_sets.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr SampleShape shape{1, 2, 2};

std::shared_ptr<const Dataset> counted(int64_t size, int64_t classes = 10) {
  return std::make_shared<CountedSet>(size, shape, classes);
}

TEST(Subset, Gives_the_samples_at_its_indices_in_their_order) {
  const auto set = counted(20);
  const auto part = make_subset(set, {7, 3, 7, 19});
  ASSERT_EQ(part->size(), 4);
  EXPECT_EQ(part->classes(), 10);
  EXPECT_EQ(part->shape().size(), 4);
  const int64_t indices[] = {7, 3, 7, 19};
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(bytes_of(*part, i), bytes_of(*set, indices[i]));
    EXPECT_EQ(label_of(*part, i), label_of(*set, indices[i]));
  }
}

TEST(Subset, Keeps_the_set_alive) {
  auto set = counted(20);
  const std::weak_ptr<const Dataset> watched = set;
  auto part = make_subset(std::move(set), {1});
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(label_of(*part, 0), 1);
  part.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(Subset, May_be_empty) { EXPECT_EQ(make_subset(counted(20), {})->size(), 0); }

TEST(Subset, An_index_outside_the_set_is_an_error) {
  for (int64_t index : {int64_t{-1}, int64_t{20}}) {
    const Error error = error_of([&] { make_subset(counted(20), {0, index}); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("index " + std::to_string(index)), HasSubstr("0 to 19")));
  }
}

std::vector<int64_t> count_classes(const Dataset& set, const std::vector<int64_t>& indices) {
  std::vector<int64_t> counts(set.classes());
  for (int64_t index : indices) ++counts[label_of(set, index)];
  return counts;
}

TEST(SplitByClass, Holds_out_the_same_part_of_each_class_rounded_down) {
  const auto set = counted(103, 4);  // 26, 26, 26, 25 of the classes
  const SplitIndices split = split_by_class(*set, 0.2, 1);
  EXPECT_THAT(count_classes(*set, split.held_out), testing::ElementsAre(5, 5, 5, 5));
  EXPECT_THAT(count_classes(*set, split.train), testing::ElementsAre(21, 21, 21, 20));
}

TEST(SplitByClass, Each_sample_is_in_one_part_and_both_ascend) {
  const auto set = counted(500);
  const SplitIndices split = split_by_class(*set, 0.3, 7);
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_TRUE(std::is_sorted(split.held_out.begin(), split.held_out.end()));
  std::set<int64_t> all(split.train.begin(), split.train.end());
  all.insert(split.held_out.begin(), split.held_out.end());
  EXPECT_EQ(split.train.size() + split.held_out.size(), 500u);
  EXPECT_EQ(all.size(), 500u);
}

TEST(SplitByClass, Is_a_function_of_the_seed) {
  const auto set = counted(500);
  EXPECT_EQ(split_by_class(*set, 0.1, 1).held_out, split_by_class(*set, 0.1, 1).held_out);
  EXPECT_NE(split_by_class(*set, 0.1, 1).held_out, split_by_class(*set, 0.1, 2).held_out);
}

TEST(SplitByClass, Classes_are_drawn_apart) {
  // With label = index mod 10 the same draw for two classes would hold out neighbours.
  const auto set = counted(1000);
  const SplitIndices split = split_by_class(*set, 0.2, 1);
  std::set<int64_t> of_class_0, of_class_1;
  for (int64_t index : split.held_out) {
    if (index % 10 == 0) of_class_0.insert(index / 10);
    if (index % 10 == 1) of_class_1.insert(index / 10);
  }
  EXPECT_NE(of_class_0, of_class_1);
}

TEST(SplitByClass, A_decimal_fraction_gives_the_whole_number_that_is_meant) {
  const auto set = counted(100, 1);
  for (int percent = 1; percent < 100; ++percent)
    EXPECT_EQ(split_by_class(*set, percent / 100.0, 1).held_out.size(), static_cast<size_t>(percent));
}

TEST(SplitByClass, A_fraction_out_of_range_is_an_error_that_names_the_field) {
  for (double fraction : {0.0, 1.0, -0.1, 1.5, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Error error = error_of([&] { split_by_class(*counted(100), fraction, 1); });
    EXPECT_EQ(error.status(), Status::invalid_config);
    EXPECT_EQ(error.field(), "data.validation_fraction");
    EXPECT_THAT(error.what(), HasSubstr("above 0 and below 1"));
  }
}

TEST(SplitByClass, A_part_that_would_be_empty_is_an_error) {
  const Error error = error_of([&] { split_by_class(*counted(50), 0.1, 1); });  // 5 of each class
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_EQ(error.field(), "data.validation_fraction");
  EXPECT_THAT(error.what(), HasSubstr("nothing to hold out"));
}

}  // namespace
}  // namespace signsym
