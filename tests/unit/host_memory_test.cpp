#include "data/host_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>
#include <limits>

#include "data/loader.h"
#include "data_sets.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::HasSubstr;

StridedView compact(const void* data, ElementType type, std::vector<int64_t> shape) {
  StridedView view{data, type, std::move(shape), {}};
  int64_t values = 1;
  view.strides.resize(view.shape.size());
  for (size_t i = view.shape.size(); i-- > 0; values *= view.shape[i]) view.strides[i] = values;
  return view;
}

struct Four {
  std::vector<float> pixels = std::vector<float>(4 * 2 * 3 * 5, 0.5f);
  std::vector<int64_t> labels{0, 2, 1, 2};
  HostMemory memory{compact(pixels.data(), ElementType::f32, {4, 2, 3, 5}), Layout::nchw,
                    compact(labels.data(), ElementType::i64, {4}), 3, nullptr};
};

std::string error_of_memory(const HostMemory& memory) {
  const Error error = error_of([&] { open_host_memory(memory); });
  EXPECT_EQ(error.status(), Status::invalid_argument);
  return error.what();
}

TEST(HostMemory, Is_used_in_place) {
  Four four;
  const auto set = open_host_memory(four.memory);
  ASSERT_EQ(set->size(), 4);
  EXPECT_EQ(set->classes(), 3);
  EXPECT_EQ(set->shape().channels, 2);
  EXPECT_EQ(set->shape().height, 3);
  EXPECT_EQ(set->shape().width, 5);
  EXPECT_EQ(set->pixel_type(), ElementType::f32);
  EXPECT_EQ(set->scratch_size(), 0u);
  EXPECT_TRUE(set->concurrent());
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(set->sample(i, nullptr).pixels, four.pixels.data() + 30 * i);
    EXPECT_EQ(label_of(*set, i), four.labels[i]);
  }
}

TEST(HostMemory, In_NHWC_order_has_the_shape_that_it_says) {
  Four four;
  four.memory.samples = compact(four.pixels.data(), ElementType::f32, {4, 3, 5, 2});
  four.memory.layout = Layout::nhwc;
  const auto set = open_host_memory(four.memory);
  EXPECT_EQ(set->shape().channels, 2);
  EXPECT_EQ(set->shape().height, 3);
  EXPECT_EQ(set->shape().width, 5);
  EXPECT_EQ(set->strides().channel, 1);
  EXPECT_EQ(set->strides().row, 10);
  EXPECT_EQ(set->strides().pixel, 2);
}

TEST(HostMemory, A_vector_is_a_sample_too) {
  Four four;
  for (Layout layout : {Layout::nchw, Layout::nhwc}) {
    four.memory.samples = compact(four.pixels.data(), ElementType::f32, {4, 7});
    four.memory.layout = layout;
    const auto set = open_host_memory(four.memory);
    EXPECT_EQ(set->shape().channels, 7);
    EXPECT_EQ(set->shape().size(), 7);
    EXPECT_EQ(set->sample(1, nullptr).pixels, four.pixels.data() + 7);
  }
}

TEST(HostMemory, Samples_may_lie_in_any_order_or_be_one_and_the_same) {
  Four four;
  four.memory.samples.data = four.pixels.data() + 90;
  four.memory.samples.strides[0] = -30;
  EXPECT_EQ(open_host_memory(four.memory)->sample(3, nullptr).pixels, four.pixels.data());
  four.memory.samples.strides[0] = 0;
  EXPECT_EQ(open_host_memory(four.memory)->sample(3, nullptr).pixels, four.pixels.data() + 90);
}

template <class Label>
void expect_labels(ElementType type) {
  const Label labels[] = {2, 99, 0, 99, 1, 99, 2};
  Four four;
  four.memory.labels = StridedView{labels + 6, type, {4}, {-2}};
  const auto set = open_host_memory(four.memory);
  const int64_t expected[] = {2, 1, 0, 2};
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(label_of(*set, i), expected[i]) << name_of(type);
}

TEST(HostMemory, Labels_may_be_of_any_integer_type_and_stride) {
  expect_labels<uint8_t>(ElementType::u8);
  expect_labels<uint16_t>(ElementType::u16);
  expect_labels<uint32_t>(ElementType::u32);
  expect_labels<uint64_t>(ElementType::u64);
  expect_labels<int8_t>(ElementType::i8);
  expect_labels<int16_t>(ElementType::i16);
  expect_labels<int32_t>(ElementType::i32);
  expect_labels<int64_t>(ElementType::i64);
}

TEST(HostMemory, Without_labels_every_label_is_0) {
  Four four;
  four.memory.labels.reset();
  const auto set = open_host_memory(four.memory);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(label_of(*set, i), 0);
}

TEST(HostMemory, Keeps_its_owner_and_lets_it_go) {
  Four four;
  auto owner = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owner;
  four.memory.owner = std::move(owner);
  auto set = open_host_memory(std::move(four.memory));
  EXPECT_FALSE(watched.expired());
  set.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(HostMemory, A_label_out_of_range_is_an_error_that_names_the_sample) {
  for (int64_t label : {int64_t{-1}, int64_t{3}, std::numeric_limits<int64_t>::max()}) {
    Four four;
    four.labels[2] = label;
    EXPECT_THAT(error_of_memory(four.memory),
                AllOf(HasSubstr("labels: that of sample 2 is " + std::to_string(label)), HasSubstr("0 to 2")));
  }
}

TEST(HostMemory, Labels_of_another_form_are_errors) {
  Four four;
  four.memory.labels = compact(four.labels.data(), ElementType::i64, {3});
  EXPECT_THAT(error_of_memory(four.memory), HasSubstr("labels: 3 for 4 samples"));
  four.memory.labels = compact(four.labels.data(), ElementType::i64, {4, 1});
  EXPECT_THAT(error_of_memory(four.memory), HasSubstr("labels: 2 dimensions"));
  four.memory.labels = compact(four.labels.data(), ElementType::i64, {});
  EXPECT_THAT(error_of_memory(four.memory), HasSubstr("labels: 0 dimensions"));
  for (ElementType type : {ElementType::f16, ElementType::bf16, ElementType::f32, ElementType::f64}) {
    four.memory.labels = compact(four.pixels.data(), type, {4});
    EXPECT_THAT(error_of_memory(four.memory), HasSubstr("labels: " + std::string(name_of(type)) + ": integers"));
  }
}

TEST(HostMemory, Samples_of_other_than_2_or_4_dimensions_are_errors_that_say_the_order) {
  Four four;
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{}, {4}, {4, 3, 5}, {4, 1, 2, 3, 5}}) {
    four.memory.samples = compact(four.pixels.data(), ElementType::f32, shape);
    four.memory.layout = Layout::nchw;
    EXPECT_THAT(error_of_memory(four.memory), AllOf(HasSubstr(std::to_string(shape.size()) + " dimensions"),
                                                    HasSubstr("N, channels, height, width")));
    four.memory.layout = Layout::nhwc;
    EXPECT_THAT(error_of_memory(four.memory), HasSubstr("N, height, width, channels"));
  }
}

TEST(HostMemory, Classes_out_of_range_are_errors) {
  for (int64_t bad : {int64_t{0}, int64_t{-1}, int64_t{1048577}, std::numeric_limits<int64_t>::max()}) {
    Four four;
    four.memory.classes = bad;
    EXPECT_THAT(error_of_memory(four.memory), HasSubstr("classes: " + std::to_string(bad)));
  }
}

// The most memory that the process has held since the last reset, in MiB.
int64_t peak() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (int64_t kibibytes = 0; word == "VmHWM:" && status >> kibibytes) return kibibytes / 1024;
  return -1;
}
bool reset_peak() { return static_cast<bool>(std::ofstream("/proc/self/clear_refs") << 5 << std::flush); }

// More than this machine could copy: 64 GiB of address space, whose pages read as zeros and take no memory.
TEST(HostMemory, Nothing_is_copied_beyond_the_batch) {
  constexpr int64_t channels = 8, side = 256, sample = channels * side * side, size = (int64_t{1} << 36) / sample;
  void* memory = mmap(nullptr, size * sample, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) GTEST_SKIP() << "this system gives no 64 GiB of address space";
  if (!reset_peak()) GTEST_SKIP() << "this system does not measure the memory of a part of a program";
  const int64_t before = peak();
  ASSERT_GT(before, 0);
  {
    const std::shared_ptr<const Dataset> set =
        open_host_memory({compact(memory, ElementType::u8, {size, channels, side, side}), Layout::nchw,
                          StridedView{memory, ElementType::u8, {size}, {0}}, 1, nullptr});
    LoaderOptions options;
    options.batch_size = 2;
    options.prefetch = 1;
    Loader loader(set, Pipeline({}, set->shape(), ElementType::u8, true), options);
    loader.start(0);
    for (int i = 0; i < 20; ++i) ASSERT_NE(loader.next(), nullptr);
  }
  // Two batches of 4 MiB and the order of an epoch, 1 MiB: the samples of twenty batches are 20 MiB.
  EXPECT_LT(peak() - before, 14);
  munmap(memory, size * sample);
}

}  // namespace
}  // namespace signsym
