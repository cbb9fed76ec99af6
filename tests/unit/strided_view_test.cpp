#include "data/strided_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "data_sets.h"

namespace signsym {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();

// float32, 2 × 3 × 5, row-major, of a host that says its strides.
struct Tensor {
  alignas(64) float data[40] = {};
  std::vector<int64_t> shape{2, 3, 5}, strides{15, 5, 1};
  DLTensor tensor{data, {kDLCPU, 0}, 3, {kDLFloat, 32, 1}, shape.data(), strides.data(), 0};

  void set_shape(std::vector<int64_t> new_shape, std::vector<int64_t> new_strides = {}) {
    shape = std::move(new_shape);
    strides = std::move(new_strides);
    tensor.ndim = static_cast<int32_t>(shape.size());
    tensor.shape = shape.data();
    tensor.strides = strides.empty() ? nullptr : strides.data();
  }
  StridedView view() const { return view_tensor(&tensor, "pictures"); }
  std::string error() const {
    const Error error = error_of([&] { view(); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(error.what(), testing::StartsWith("pictures: "));
    return error.what();
  }
};

TEST(StridedView, Describes_the_tensor) {
  Tensor t;
  t.set_shape({2, 3, 5}, {-1, 0, 7});
  const StridedView view = t.view();
  EXPECT_EQ(view.data, t.data);
  EXPECT_EQ(view.type, ElementType::f32);
  EXPECT_THAT(view.shape, ElementsAre(2, 3, 5));
  EXPECT_THAT(view.strides, ElementsAre(-1, 0, 7));
}

TEST(StridedView, Without_strides_is_compact_and_row_major) {
  Tensor t;
  t.tensor.strides = nullptr;
  EXPECT_THAT(t.view().strides, ElementsAre(15, 5, 1));
  t.set_shape({2, 1, 5});
  EXPECT_THAT(t.view().strides, ElementsAre(5, 0, 1));
}

TEST(StridedView, Begins_at_the_byte_offset) {
  Tensor t;
  t.tensor.byte_offset = 12;
  EXPECT_EQ(t.view().data, t.data + 3);
}

TEST(StridedView, May_have_no_dimension_and_at_most_8) {
  Tensor t;
  t.tensor.ndim = 0;
  t.tensor.shape = t.tensor.strides = nullptr;
  EXPECT_TRUE(t.view().shape.empty());
  t.set_shape(std::vector<int64_t>(8, 1));
  EXPECT_EQ(t.view().shape.size(), 8u);
  t.set_shape(std::vector<int64_t>(9, 1));
  EXPECT_THAT(t.error(), HasSubstr("9 dimensions: 0 to 8"));
  t.tensor.ndim = -1;
  EXPECT_THAT(t.error(), HasSubstr("-1 dimensions"));
}

TEST(StridedView, Strides_of_an_extent_of_1_do_not_matter) {
  Tensor t;
  t.set_shape({1, 3, 1}, {least, 1, most});
  EXPECT_THAT(t.view().strides, ElementsAre(0, 1, 0));
}

TEST(StridedView, Knows_the_types_that_pixels_and_labels_may_have_and_no_other) {
  struct {
    DLDataType type;
    ElementType expected;
  } const known[] = {
      {{kDLUInt, 8, 1}, ElementType::u8},    {{kDLUInt, 16, 1}, ElementType::u16},  {{kDLUInt, 32, 1}, ElementType::u32},
      {{kDLUInt, 64, 1}, ElementType::u64},  {{kDLInt, 8, 1}, ElementType::i8},     {{kDLInt, 16, 1}, ElementType::i16},
      {{kDLInt, 32, 1}, ElementType::i32},   {{kDLInt, 64, 1}, ElementType::i64},   {{kDLFloat, 16, 1}, ElementType::f16},
      {{kDLBfloat, 16, 1}, ElementType::bf16}, {{kDLFloat, 32, 1}, ElementType::f32}, {{kDLFloat, 64, 1}, ElementType::f64},
      {{kDLBool, 8, 1}, ElementType::i8}};
  Tensor t;
  int found = 0;
  for (int code = 0; code < 256; ++code)
    for (int bits = 0; bits < 256; ++bits)
      for (uint16_t lanes : {0, 1, 2, 65535}) {
        t.tensor.dtype = {static_cast<uint8_t>(code), static_cast<uint8_t>(bits), lanes};
        const auto same = [&](const auto& row) {
          return row.type.code == code && row.type.bits == bits && row.type.lanes == lanes;
        };
        const auto row = std::find_if(std::begin(known), std::end(known), same);
        if (row != std::end(known)) {
          EXPECT_EQ(t.view().type, row->expected);
          ++found;
        } else if (code < 20 && bits % 4 == 0) {  // as long as the messages take no seconds
          ASSERT_THAT(t.error(), HasSubstr("type of code " + std::to_string(code)));
        }
      }
  EXPECT_EQ(found, 13);
}

TEST(StridedView, Its_type_is_written_as_it_is_read) {
  Tensor t;
  for (ElementType type : {ElementType::u8, ElementType::u64, ElementType::i16, ElementType::f16, ElementType::bf16,
                           ElementType::f32, ElementType::f64}) {
    t.tensor.dtype = dlpack_type(type);
    EXPECT_EQ(t.view().type, type);
  }
}

TEST(StridedView, Memory_of_a_device_is_refused_and_page_locked_host_memory_is_not) {
  Tensor t;
  for (DLDeviceType device : {kDLCUDAHost, kDLROCMHost}) {
    t.tensor.device.device_type = device;
    EXPECT_EQ(t.view().data, t.data);
  }
  for (DLDeviceType device : {kDLCUDA, kDLOpenCL, kDLCUDAManaged, static_cast<DLDeviceType>(0)}) {
    t.tensor.device.device_type = device;
    EXPECT_THAT(t.error(), HasSubstr("device of type " + std::to_string(device)));
  }
}

TEST(StridedView, Null_pointers_are_errors) {
  const Error none = error_of([] { view_tensor(nullptr, "pictures"); });
  EXPECT_EQ(none.status(), Status::invalid_argument);
  EXPECT_STREQ(none.what(), "pictures is NULL");
  Tensor t;
  t.tensor.data = nullptr;
  EXPECT_THAT(t.error(), HasSubstr("data is NULL"));
  Tensor u;
  u.tensor.shape = nullptr;
  EXPECT_THAT(u.error(), HasSubstr("shape is NULL"));
}

TEST(StridedView, Extents_below_1_are_errors_that_name_the_dimension) {
  for (int64_t bad : {int64_t{0}, int64_t{-1}, least})
    for (size_t dimension = 0; dimension < 3; ++dimension) {
      Tensor t;
      t.shape[dimension] = bad;
      EXPECT_THAT(t.error(), HasSubstr("dimension " + std::to_string(dimension) + " is " + std::to_string(bad)));
    }
}

TEST(StridedView, More_bytes_than_memory_can_have_are_an_error) {
  Tensor t;
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{most}, {int64_t{1} << 31, int64_t{1} << 31},
                                            {int64_t{1} << 32, int64_t{1} << 32}, {2, most, 2}, {most, most, most}}) {
    t.set_shape(shape);
    EXPECT_THAT(t.error(), HasSubstr("more bytes than memory can have"));
    t.set_shape(shape, std::vector<int64_t>(shape.size(), 0));
    EXPECT_THAT(t.error(), HasSubstr("more bytes than memory can have"));
  }
}

TEST(StridedView, Strides_that_lead_out_of_the_address_space_are_errors) {
  for (int64_t stride : {most, least, most / 4, least / 4, -(int64_t{1} << 48)}) {
    Tensor t;
    t.set_shape({2, 2}, {1, stride});
    EXPECT_THAT(t.error(), HasSubstr("address space")) << stride;
  }
  Tensor t;
  t.tensor.byte_offset = UINT64_MAX - 3;
  EXPECT_THAT(t.error(), HasSubstr("address space"));
}

TEST(StridedView, An_address_that_is_not_aligned_to_the_type_is_an_error) {
  Tensor t;
  t.tensor.byte_offset = 2;
  EXPECT_THAT(t.error(), HasSubstr("float32 at an address that is no multiple of 4"));
  t.tensor.byte_offset = 0;
  t.tensor.data = reinterpret_cast<char*>(t.data) + 4;
  t.tensor.dtype = {kDLFloat, 64, 1};
  EXPECT_THAT(t.error(), HasSubstr("float64 at an address that is no multiple of 8"));
  t.tensor.byte_offset = 4;  // it is where the data begins that counts
  EXPECT_EQ(t.view().data, t.data + 2);
}

}  // namespace
}  // namespace signsym
