#include "data/host_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data_sets.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Four {
  std::vector<float> pixels = std::vector<float>(4 * 2 * 3 * 5, 0.5f);
  std::vector<int64_t> labels{0, 2, 1, 2};
  HostMemory memory{pixels.data(), PixelType::f32, labels.data(), 4, 3, {2, 3, 5}};
};

Error error_of_memory(const HostMemory& memory) {
  const Error error = error_of([&] { open_host_memory(memory); });
  EXPECT_EQ(error.status(), Status::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("data set in host memory"));
  return error;
}

TEST(HostMemory, Is_used_in_place) {
  Four four;
  const auto set = open_host_memory(four.memory);
  ASSERT_EQ(set->size(), 4);
  EXPECT_EQ(set->classes(), 3);
  EXPECT_EQ(set->shape().size(), 30);
  EXPECT_EQ(set->pixel_type(), PixelType::f32);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(set->pixels(i), four.pixels.data() + 30 * i);
    EXPECT_EQ(set->label(i), four.labels[i]);
  }
}

TEST(HostMemory, Bytes_lie_one_sample_after_the_other) {
  std::vector<uint8_t> bytes(20);
  std::vector<int64_t> labels{0, 0};
  const auto set = open_host_memory({bytes.data(), PixelType::u8, labels.data(), 2, 1, {1, 2, 5}});
  EXPECT_EQ(set->pixels(1), bytes.data() + 10);
}

TEST(HostMemory, A_vector_is_a_sample_too) {
  std::vector<float> values(14);
  std::vector<int64_t> labels{0, 1};
  HostMemory memory{values.data(), PixelType::f32, labels.data(), 2, 2, {}};
  memory.shape.channels = 7;
  EXPECT_EQ(open_host_memory(memory)->pixels(1), values.data() + 7);
}

TEST(HostMemory, A_label_out_of_range_is_an_error_that_names_the_sample) {
  for (int64_t label : {int64_t{-1}, int64_t{3}, std::numeric_limits<int64_t>::max()}) {
    Four four;
    four.labels[2] = label;
    EXPECT_THAT(error_of_memory(four.memory).what(),
                AllOf(HasSubstr("sample 2: label " + std::to_string(label)), HasSubstr("0 to 2")));
  }
}

TEST(HostMemory, Sizes_below_one_are_errors_that_name_the_size) {
  for (int64_t bad : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    Four size, channels, height, width, classes;
    size.memory.size = channels.memory.shape.channels = height.memory.shape.height = width.memory.shape.width =
        classes.memory.classes = bad;
    EXPECT_THAT(error_of_memory(size.memory).what(), HasSubstr("size " + std::to_string(bad)));
    EXPECT_THAT(error_of_memory(channels.memory).what(), HasSubstr("channels " + std::to_string(bad)));
    EXPECT_THAT(error_of_memory(height.memory).what(), HasSubstr("height " + std::to_string(bad)));
    EXPECT_THAT(error_of_memory(width.memory).what(), HasSubstr("width " + std::to_string(bad)));
    EXPECT_THAT(error_of_memory(classes.memory).what(), HasSubstr("classes " + std::to_string(bad)));
  }
}

TEST(HostMemory, More_bytes_than_there_can_be_are_an_error) {
  Four four;
  four.memory.shape = {int64_t{1} << 31, int64_t{1} << 31, 4};
  EXPECT_THAT(error_of_memory(four.memory).what(), HasSubstr("more bytes than memory can have"));
  four.memory.shape = {int64_t{1} << 62, int64_t{1} << 62, int64_t{1} << 62};
  EXPECT_THAT(error_of_memory(four.memory).what(), HasSubstr("more bytes than memory can have"));
}

TEST(HostMemory, Null_and_misaligned_pointers_are_errors) {
  Four four;
  HostMemory memory = four.memory;
  memory.pixels = nullptr;
  EXPECT_THAT(error_of_memory(memory).what(), HasSubstr("pixels is a null pointer"));
  memory = four.memory;
  memory.labels = nullptr;
  EXPECT_THAT(error_of_memory(memory).what(), HasSubstr("labels is a null pointer"));
  memory = four.memory;
  memory.pixels = reinterpret_cast<const char*>(four.pixels.data()) + 2;
  EXPECT_THAT(error_of_memory(memory).what(), HasSubstr("no multiple of 4"));
  memory = four.memory;
  memory.labels = reinterpret_cast<const int64_t*>(reinterpret_cast<const char*>(four.labels.data()) + 4);
  EXPECT_THAT(error_of_memory(memory).what(), HasSubstr("no multiple of 8"));
}

}  // namespace
}  // namespace signsym
