// Which batches come out of the loader, in which order and memory.
#include "data/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "data/subset.h"
#include "loader_sets.h"

namespace signsym {
namespace {

using testing::HasSubstr;

TEST(EpochOrder, Is_a_permutation_that_depends_on_seed_and_epoch_alone) {
  const auto order = epoch_order(1000, 1, 0, true);
  EXPECT_EQ(order, epoch_order(1000, 1, 0, true));
  EXPECT_NE(order, epoch_order(1000, 1, 1, true));
  EXPECT_NE(order, epoch_order(1000, 2, 0, true));
  EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 1000u);
  EXPECT_EQ(*std::min_element(order.begin(), order.end()), 0);
  EXPECT_EQ(*std::max_element(order.begin(), order.end()), 999);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(epoch_order(0, 1, 0, true).empty());
}

TEST(EpochOrder, Is_the_sets_own_without_shuffling) {
  std::vector<int64_t> own(100);
  std::iota(own.begin(), own.end(), 0);
  EXPECT_EQ(epoch_order(100, 1, 5, false), own);
}

TEST(Loader, Batches_are_the_transformed_samples_in_the_order_of_the_epoch) {
  const auto set = counted(50);
  const Pipeline pipeline = augmenting();
  Loader loader(set, pipeline, options(2));
  EXPECT_EQ(loader.batches_per_epoch(), 7);
  const auto batches = epoch_of(loader, 3);
  ASSERT_EQ(batches.size(), 7u);
  const auto order = epoch_order(50, 1, 3, true);
  size_t at = 0;
  for (const Copy& batch : batches) {
    EXPECT_EQ(batch.index, static_cast<int64_t>(at / 8));
    EXPECT_EQ(batch.labels.size(), at == 48 ? 2u : 8u);  // the last holds what is left
    for (size_t i = 0; i < batch.labels.size(); ++i, ++at) {
      EXPECT_EQ(batch.labels[i], label_of(*set, order[at]));
      std::vector<float> expected(picture.size());
      pipeline.apply(bytes_of(*set, order[at]), set->strides(), {1, 3, order[at]}, Layout::nchw, expected.data());
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), batch.pixels.begin() + i * picture.size()));
    }
  }
  EXPECT_EQ(at, 50u);
}

TEST(Loader, Leaves_out_a_last_batch_that_is_not_full_where_asked) {
  const auto set = counted(50);
  LoaderOptions dropping = options(2);
  dropping.drop_last = true;
  Loader loader(set, augmenting(), dropping), keeping(set, augmenting(), options(2));
  EXPECT_EQ(loader.batches_per_epoch(), 6);
  const auto batches = epoch_of(loader, 3), all = epoch_of(keeping, 3);
  ASSERT_EQ(batches.size(), 6u);
  for (size_t i = 0; i < batches.size(); ++i) EXPECT_EQ(batches[i].labels, all[i].labels);
  // A set smaller than a batch is one full batch.
  Loader small(counted(5), augmenting(), dropping);
  EXPECT_EQ(small.batches_per_epoch(), 1);
}

TEST(Loader, Resumes_in_mid_epoch_with_the_same_batches) {
  const auto set = counted(100);
  for (int threads : {0, 1, 3}) {
    Loader whole(set, augmenting(), options(threads));
    const auto all = epoch_of(whole, 2);
    for (int64_t first = 0; first <= whole.batches_per_epoch(); ++first) {
      Loader resumed(set, augmenting(), options(threads));
      EXPECT_EQ(epoch_of(resumed, 2, first), std::vector<Copy>(all.begin() + first, all.end())) << first;
    }
  }
}

TEST(Loader, A_new_start_drops_what_lay_ready) {
  const auto set = counted(100);
  for (int threads : {0, 1, 3}) {
    Loader loader(set, augmenting(), options(threads));
    const auto epoch_0 = epoch_of(loader, 0), epoch_1 = epoch_of(loader, 1);
    for (int taken = 0; taken < 13; ++taken) {
      loader.start(0);
      for (int i = 0; i < taken; ++i) ASSERT_EQ(copy(*loader.next()), epoch_0[i]);
      if (taken % 2 == 1) sleep_ms(1);  // with batches ready, and with batches being loaded
      EXPECT_EQ(epoch_of(loader, 1), epoch_1);
    }
  }
}

TEST(Loader, After_the_last_batch_there_is_none_until_a_new_start) {
  for (int threads : {0, 2}) {
    Loader loader(counted(10), augmenting(), options(threads));
    loader.start(0, 2);
    EXPECT_EQ(loader.next(), nullptr);
    loader.start(0);
    EXPECT_EQ(rest(loader).size(), 2u);
    EXPECT_EQ(loader.next(), nullptr);
    EXPECT_EQ(loader.next(), nullptr);
    EXPECT_EQ(epoch_of(loader, 0).size(), 2u);
  }
}

TEST(Loader, A_batch_larger_than_the_set_holds_it_whole) {
  Loader loader(counted(10), augmenting(), options(1, 4, int64_t{1} << 60));
  EXPECT_EQ(loader.batches_per_epoch(), 1);
  EXPECT_EQ(epoch_of(loader, 0)[0].labels.size(), 10u);
}

TEST(Loader, An_empty_set_has_no_batches) {
  for (int threads : {0, 2}) {
    Loader loader(make_subset(counted(10), {}), augmenting(), options(threads));
    EXPECT_EQ(loader.batches_per_epoch(), 0);
    EXPECT_TRUE(epoch_of(loader, 0).empty());
  }
}

TEST(Loader, Batches_lie_in_a_fixed_pool_of_aligned_memory) {
  for (int threads : {0, 1, 3}) {
    Loader loader(counted(400), augmenting(), options(threads, 5, 7));
    std::set<const float*> pixels;
    std::set<const int64_t*> labels;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      loader.start(epoch);
      while (const Batch* batch = loader.next()) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->pixels) % 64, 0u);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->labels) % 64, 0u);
        pixels.insert(batch->pixels);
        labels.insert(batch->labels);
      }
    }
    EXPECT_LE(pixels.size(), threads == 0 ? 1u : 6u);
    EXPECT_LE(labels.size(), threads == 0 ? 1u : 6u);
  }
}

TEST(Loader, A_batch_stays_as_it_is_until_the_next_is_asked_for) {
  Loader loader(counted(200), augmenting(), options(3, 1));
  loader.start(0);
  while (const Batch* batch = loader.next()) {
    const Copy before = copy(*batch);
    sleep_ms(1);
    ASSERT_EQ(copy(*batch), before);
  }
}

TEST(Loader, Exceptions_of_other_types_come_out_as_they_are) {
  for (int threads : {0, 1}) {
    Loader loader(std::make_shared<Hooked>(9, [](int64_t) { throw std::out_of_range("callback"); }), augmenting(),
                  options(threads));
    loader.start(0);
    EXPECT_THROW(loader.next(), std::out_of_range);
  }
}

TEST(Loader, Bad_options_are_errors_that_name_them) {
  const auto refused = [](LoaderOptions bad) {
    const Error error = error_of([&] { Loader(counted(10), augmenting(), bad); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    return std::string(error.what());
  };
  EXPECT_THAT(refused(options(1, 4, 0)), HasSubstr("batch_size 0"));
  EXPECT_THAT(refused(options(1, 4, -3)), HasSubstr("batch_size -3"));
  EXPECT_THAT(refused(options(-1)), HasSubstr("threads -1"));
  EXPECT_THAT(refused(options(1, 0)), HasSubstr("prefetch 0"));
  EXPECT_THAT(error_of([] { Loader(nullptr, augmenting(), options(1)); }).what(), HasSubstr("data set"));
}

TEST(Loader, Transforms_made_for_other_samples_are_an_error) {
  for (const Pipeline& other :
       {Pipeline({}, {3, 6, 6}, ElementType::u8, true), Pipeline({}, {1, 6, 5}, ElementType::u8, true),
        Pipeline({}, {3, 6, 5}, ElementType::f32, true)}) {
    const Error error = error_of([&] { Loader(counted(10), other, options(1)); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("another shape or type"));
  }
}

TEST(Loader, A_start_out_of_range_or_none_is_an_error) {
  for (int threads : {0, 1}) {
    Loader loader(counted(10), augmenting(), options(threads));
    EXPECT_EQ(error_of([&] { loader.next(); }).status(), Status::invalid_argument);
    EXPECT_EQ(error_of([&] { loader.start(0, -1); }).status(), Status::invalid_argument);
    EXPECT_EQ(error_of([&] { loader.start(0, 3); }).status(), Status::invalid_argument);
    EXPECT_EQ(error_of([&] { loader.start(-1); }).status(), Status::invalid_argument);
    EXPECT_EQ(epoch_of(loader, 0).size(), 2u);
  }
}

}  // namespace
}  // namespace signsym
