#include "data/host_callback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>

#include "data/loader.h"
#include "data/subset.h"
#include "data_sets.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Sample i has the values i, i + 1, … in the order of its layout, and the label i mod 3.
HostCallback counting(bool concurrent = false) {
  HostCallback callback;
  callback.function = [](int64_t index, void* pixels) {
    for (int64_t i = 0; i < 12; ++i) static_cast<int16_t*>(pixels)[i] = static_cast<int16_t>(index + i);
    return index % 3;
  };
  callback.size = 20;
  callback.classes = 3;
  callback.shape = {2, 3, 2};
  callback.type = ElementType::i16;
  callback.concurrent = concurrent;
  return callback;
}

LoaderOptions in_order(int threads) {
  LoaderOptions options;
  options.threads = threads;
  options.batch_size = 8;
  options.shuffle = false;
  return options;
}

TEST(HostCallback, Is_asked_for_each_sample_and_gives_pixels_and_label) {
  const std::shared_ptr<const Dataset> set = open_host_callback(counting());
  EXPECT_EQ(set->size(), 20);
  EXPECT_EQ(set->classes(), 3);
  EXPECT_EQ(set->scratch_size(), 24u);
  Loader loader(set, Pipeline({}, set->shape(), set->pixel_type(), true), in_order(0));
  loader.start(0);
  int64_t index = 0;
  while (const Batch* batch = loader.next())
    for (int64_t i = 0; i < batch->size; ++i, ++index) {
      EXPECT_EQ(batch->labels[i], index % 3);
      for (int64_t v = 0; v < 12; ++v) EXPECT_EQ(batch->pixels[12 * i + v], static_cast<float>(index + v));
    }
  EXPECT_EQ(index, 20);
}

TEST(HostCallback, Of_NHWC_writes_a_pixel_s_channels_side_by_side) {
  HostCallback callback = counting();
  callback.layout = Layout::nhwc;
  const std::shared_ptr<const Dataset> set = open_host_callback(callback);
  Loader loader(set, Pipeline({}, set->shape(), set->pixel_type(), true), in_order(0));
  loader.start(0);
  const Batch* batch = loader.next();
  for (int64_t c = 0; c < 2; ++c)
    for (int64_t p = 0; p < 6; ++p) EXPECT_EQ(batch->pixels[c * 6 + p], static_cast<float>(2 * p + c));
}

// Counts how many threads are in the function at once, and the most that were.
struct Crowd {
  std::atomic<int> now{0}, most{0};
  void visit() {
    const int here = ++now;
    for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) {}
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --now;
  }
};

TEST(HostCallback, Not_concurrent_is_asked_by_one_thread_after_the_other_whoever_uses_it) {
  for (bool concurrent : {false, true}) {
    Crowd crowd;
    HostCallback callback = counting(concurrent);
    callback.function = [&crowd](int64_t, void*) {
      crowd.visit();
      return 0;
    };
    const std::shared_ptr<const Dataset> set = open_host_callback(callback);
    const auto use = [&set] {
      Loader loader(set, Pipeline({}, set->shape(), set->pixel_type(), true), in_order(2));
      loader.start(0);
      while (loader.next()) {}
    };
    std::thread other(use);
    use();
    other.join();
    if (concurrent) EXPECT_GT(crowd.most, 1);
    else EXPECT_EQ(crowd.most, 1);
  }
}

TEST(HostCallback, May_use_its_own_set) {
  std::shared_ptr<const Dataset> set;
  HostCallback callback = counting();
  callback.function = [&set](int64_t index, void* pixels) -> int64_t {
    return index == 0 ? 1 : set->sample(index - 1, pixels).label;
  };
  set = open_host_callback(callback);
  int16_t pixels[12];
  EXPECT_EQ(set->sample(5, pixels).label, 1);
}

TEST(HostCallback, What_it_throws_comes_out_of_the_loader_and_a_new_start_goes_on) {
  for (bool concurrent : {false, true}) {
    std::atomic<bool> broken{true};
    HostCallback callback = counting(concurrent);
    callback.function = [&broken](int64_t index, void*) -> int64_t {
      if (broken && index == 9) throw Error(Status::callback_failed, "sample 9");
      return 0;
    };
    const std::shared_ptr<const Dataset> set = open_host_callback(callback);
    Loader loader(set, Pipeline({}, set->shape(), set->pixel_type(), true), in_order(2));
    loader.start(0);
    ASSERT_NE(loader.next(), nullptr);
    EXPECT_EQ(error_of([&] { loader.next(); }).status(), Status::callback_failed);
    broken = false;
    loader.start(0);
    int batches = 0;
    while (loader.next()) ++batches;
    EXPECT_EQ(batches, 3);
  }
}

TEST(HostCallback, A_label_out_of_range_is_an_error_that_names_the_sample) {
  for (int64_t label : {int64_t{-1}, int64_t{3}, std::numeric_limits<int64_t>::min()}) {
    HostCallback callback = counting();
    callback.function = [label](int64_t, void*) { return label; };
    int16_t pixels[12];
    const Error error = error_of([&] { open_host_callback(callback)->sample(7, pixels); });
    EXPECT_EQ(error.status(), Status::callback_failed);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("sample 7 the label " + std::to_string(label)), HasSubstr("0 to 2")));
  }
}

TEST(HostCallback, May_be_split_by_class) {
  HostCallback callback = counting();
  callback.layout = Layout::nhwc;
  const std::shared_ptr<const Dataset> set = open_host_callback(callback);
  const SplitIndices parts = split_by_class(*set, 0.34, 1);
  EXPECT_EQ(parts.held_out.size(), 6u);
  const auto part = make_subset(set, parts.held_out);
  int16_t pixels[12];
  for (int64_t i = 0; i < part->size(); ++i) EXPECT_EQ(part->sample(i, pixels).label, parts.held_out[i] % 3);
  EXPECT_FALSE(part->concurrent());
  EXPECT_EQ(part->strides().pixel, 2);
  EXPECT_EQ(part->scratch_size(), 24u);
}

TEST(HostCallback, Sizes_out_of_range_are_errors_that_name_the_size) {
  const auto error_of_callback = [](const HostCallback& callback) {
    const Error error = error_of([&] { open_host_callback(callback); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    return std::string(error.what());
  };
  for (int64_t bad : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    HostCallback size = counting(), channels = size, height = size, width = size, classes = size;
    size.size = channels.shape.channels = height.shape.height = width.shape.width = classes.classes = bad;
    EXPECT_THAT(error_of_callback(size), HasSubstr("size: " + std::to_string(bad)));
    EXPECT_THAT(error_of_callback(channels), HasSubstr("channels: " + std::to_string(bad)));
    EXPECT_THAT(error_of_callback(height), HasSubstr("height: " + std::to_string(bad)));
    EXPECT_THAT(error_of_callback(width), HasSubstr("width: " + std::to_string(bad)));
    EXPECT_THAT(error_of_callback(classes), HasSubstr("classes: " + std::to_string(bad)));
  }
  HostCallback many = counting();
  many.shape = {int64_t{1} << 30, int64_t{1} << 30, 1};
  EXPECT_THAT(error_of_callback(many), HasSubstr("more bytes than memory can have"));
}

}  // namespace
}  // namespace signsym
