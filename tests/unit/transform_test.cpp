#include "data/transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "data_sets.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

// The same by the definition, a whole picture at a time: what the pipeline must equal bit for bit.
class Reference {
 public:
  Reference(const SampleShape& shape, const SampleKey& key) : shape_(shape), key_(key) {}

  std::vector<float> run(const std::vector<Transform>& transforms, std::vector<float> picture, bool training) {
    picture_ = std::move(picture);
    for (const Transform& transform : transforms)
      if (training || std::holds_alternative<Normalize>(transform))
        std::visit([this](auto& kind) { apply(kind); }, transform);
    return picture_;
  }

 private:
  float& at(std::vector<float>& picture, int64_t c, int64_t y, int64_t x) {
    return picture[(c * shape_.height + y) * shape_.width + x];
  }
  template <class Value>
  void fill(Value value) {
    std::vector<float> out(picture_.size());
    for (int64_t c = 0; c < shape_.channels; ++c)
      for (int64_t y = 0; y < shape_.height; ++y)
        for (int64_t x = 0; x < shape_.width; ++x) at(out, c, y, x) = value(c, y, x);
    picture_ = out;
  }
  std::string name(int ordinal) { return ordinal == 0 ? "" : std::to_string(ordinal); }

  void apply(const Crop& crop) {
    const Random random(key_.seed, "crop", name(crops_++), static_cast<uint32_t>(key_.epoch));
    const int64_t places = 2 * crop.padding + 1;
    const int64_t place = static_cast<int64_t>(random.below(key_.index, places * places));
    const int64_t top = place / places - crop.padding, left = place % places - crop.padding;
    fill([&](int64_t c, int64_t y, int64_t x) {
      const int64_t from_y = y + top, from_x = x + left;
      const bool outside = from_y < 0 || from_y >= shape_.height || from_x < 0 || from_x >= shape_.width;
      return outside ? 0.0f : at(picture_, c, from_y, from_x);
    });
  }
  void apply(const Flip& flip) {
    const Random random(key_.seed, "flip", name(flips_++), static_cast<uint32_t>(key_.epoch));
    if (random.uniform(key_.index) < flip.probability)
      fill([&](int64_t c, int64_t y, int64_t x) { return at(picture_, c, y, shape_.width - 1 - x); });
  }
  void apply(const Normalize& normalize) {
    fill([&](int64_t c, int64_t y, int64_t x) {
      return (at(picture_, c, y, x) - static_cast<float>(normalize.mean[c])) / static_cast<float>(normalize.std[c]);
    });
  }

  SampleShape shape_;
  SampleKey key_;
  std::vector<float> picture_;
  int crops_ = 0, flips_ = 0;
};

Normalize some_normalize(int64_t channels) {
  Normalize normalize;
  for (int64_t c = 0; c < channels; ++c) {
    normalize.mean.push_back(0.3 + 0.1 * static_cast<double>(c));
    normalize.std.push_back(0.25 - 0.03 * static_cast<double>(c));
  }
  return normalize;
}

// Every order of crop, flip and normalise, single ones, and repeated ones.
std::vector<std::vector<Transform>> pipelines(int64_t channels) {
  const Transform crop = Crop{2}, wide_crop = Crop{9}, flip = Flip{0.5}, normalize = some_normalize(channels);
  return {{},
          {crop},
          {flip},
          {normalize},
          {crop, flip, normalize},
          {crop, normalize, flip},
          {flip, crop, normalize},
          {flip, normalize, crop},
          {normalize, crop, flip},
          {normalize, flip, crop},
          {wide_crop, flip, normalize},
          {normalize, normalize},
          {crop, normalize, flip, wide_crop, normalize, crop, flip},
          {flip, flip, crop, crop}};
}

const SampleShape shapes[] = {{3, 32, 32}, {1, 28, 28}, {2, 5, 7}, {4, 1, 1}, {1, 1, 9}, {5, 6, 1}};

std::vector<uint8_t> bytes_of(int64_t count) {
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 2654435761u >> 15);
  return bytes;
}

// Runs the pipeline and brings its picture into CHW; what it should leave alone around it is checked.
std::vector<float> run(const Pipeline& pipeline, const void* pixels, const SampleStrides& strides, const SampleKey& key,
                       Layout layout) {
  const SampleShape shape = pipeline.shape();
  const int64_t size = shape.size();
  const float untouched = -12345;
  std::vector<float> memory(static_cast<size_t>(size + 2), untouched);
  pipeline.apply(pixels, strides, key, layout, memory.data() + 1);
  EXPECT_EQ(memory.front(), untouched);
  EXPECT_EQ(memory.back(), untouched);
  std::vector<float> chw(memory.begin() + 1, memory.end() - 1);
  if (layout == Layout::nhwc)
    for (int64_t c = 0; c < shape.channels; ++c)
      for (int64_t i = 0; i < shape.height * shape.width; ++i)
        chw[c * shape.height * shape.width + i] = memory[1 + i * shape.channels + c];
  return chw;
}

// The same for pixels that lie in CHW order, one beside the other.
std::vector<float> run(const Pipeline& pipeline, const void* pixels, const SampleKey& key, Layout layout) {
  return run(pipeline, pixels, compact_strides(pipeline.shape(), Layout::nchw), key, layout);
}

TEST(Transform, Equals_the_definition_bit_for_bit_in_every_order_shape_and_layout) {
  for (const SampleShape& shape : shapes) {
    const std::vector<uint8_t> bytes = bytes_of(shape.size());
    std::vector<float> unit, values;
    for (uint8_t byte : bytes) {
      unit.push_back(static_cast<float>(byte) / 255.0f);
      values.push_back(static_cast<float>(byte) * 0.37f - 20);
    }
    int number = 0;
    for (const auto& transforms : pipelines(shape.channels)) {
      for (bool training : {true, false}) {
        const Pipeline from_bytes(transforms, shape, ElementType::u8, training);
        const Pipeline from_floats(transforms, shape, ElementType::f32, training);
        for (int64_t index = 0; index < 25; ++index) {
          const SampleKey key{7, 3, index};
          const auto of_bytes = Reference(shape, key).run(transforms, unit, training);
          const auto of_floats = Reference(shape, key).run(transforms, values, training);
          for (Layout layout : {Layout::nchw, Layout::nhwc}) {
            ASSERT_EQ(run(from_bytes, bytes.data(), key, layout), of_bytes) << "pipeline " << number;
            ASSERT_EQ(run(from_floats, values.data(), key, layout), of_floats) << "pipeline " << number;
          }
        }
      }
      ++number;
    }
  }
}

// Pictures of `strides` inside `values`, the first value at `first`.
template <class Value>
void expect_strides_are_followed(const SampleShape& shape, const std::vector<Value>& values, int64_t first,
                                 const SampleStrides& strides, ElementType type) {
  std::vector<float> compact;
  for (int64_t c = 0; c < shape.channels; ++c)
    for (int64_t y = 0; y < shape.height; ++y)
      for (int64_t x = 0; x < shape.width; ++x) {
        const float value = values.at(first + c * strides.channel + y * strides.row + x * strides.pixel);
        compact.push_back(type == ElementType::u8 ? value / 255.0f : value);
      }
  for (const auto& transforms : pipelines(shape.channels)) {
    const Pipeline pipeline(transforms, shape, type, true);
    for (int64_t index = 0; index < 10; ++index)
      for (Layout layout : {Layout::nchw, Layout::nhwc})
        ASSERT_EQ(run(pipeline, values.data() + first, strides, {7, 3, index}, layout),
                  Reference(shape, {7, 3, index}).run(transforms, compact, true));
  }
}

TEST(Transform, Follows_strides_of_any_size_and_sign) {
  for (const SampleShape& shape : {SampleShape{3, 7, 9}, SampleShape{1, 5, 4}, SampleShape{4, 1, 1}}) {
    const SampleStrides nchw = compact_strides(shape, Layout::nchw), nhwc = compact_strides(shape, Layout::nhwc);
    const SampleStrides padded{(shape.width + 3) * shape.height + 5, shape.width + 3, 1};
    const SampleStrides every_third{3 * nchw.channel, 3 * nchw.row, 3};
    const SampleStrides reversed{-nchw.channel, -nchw.row, -1}, upside_down{nhwc.channel, -nhwc.row, nhwc.pixel};
    const SampleStrides grey{0, shape.width, 1}, one_value{0, 0, 0};
    const std::vector<uint8_t> bytes = bytes_of(2000);
    const std::vector<float> floats(bytes.begin(), bytes.end());
    const std::vector<int16_t> integers(bytes.begin(), bytes.end());
    for (const SampleStrides& strides : {nchw, nhwc, padded, every_third, reversed, upside_down, grey, one_value}) {
      expect_strides_are_followed(shape, bytes, 1000, strides, ElementType::u8);
      expect_strides_are_followed(shape, floats, 1000, strides, ElementType::f32);
      expect_strides_are_followed(shape, integers, 1000, strides, ElementType::i16);
    }
  }
}

TEST(Transform, Takes_values_of_every_type_but_bytes_as_they_are) {
  const SampleShape shape{1, 1, 8};
  const Normalize normalize{{0.25}, {2}};
  const auto transformed = [&](ElementType type, const void* values) {
    return run(Pipeline({normalize}, shape, type, true), values, {}, Layout::nchw);
  };
  const auto expected = [&](std::vector<float> values) {
    for (float& value : values) value = (value - 0.25f) / 2.0f;
    return values;
  };
  const int8_t i8[] = {-128, -1, 0, 1, 2, 3, 100, 127};
  const uint16_t u16[] = {0, 1, 255, 256, 257, 32768, 65534, 65535};
  const int16_t i16[] = {-32768, -1, 0, 1, 2, 3, 255, 32767};
  const uint32_t u32[] = {0, 1, 255, 16777217, 4294967295u, 5, 6, 7};
  const int32_t i32[] = {-2147483647 - 1, -16777217, -1, 0, 1, 2, 16777219, 2147483647};
  const uint64_t u64[] = {0, 1, UINT64_MAX, 3, 4, 5, 6, 7};
  const int64_t i64[] = {INT64_MIN, -1, 0, 1, 2, 3, 4, INT64_MAX};
  const Half f16[] = {{0x3c00}, {0xc000}, {0x0001}, {0x8001}, {0x7bff}, {0}, {0x8000}, {0x3555}};
  const Bfloat16 bf16[] = {{0x3f80}, {0xc000}, {0x0001}, {0x7f7f}, {0}, {0x8000}, {0x3eab}, {0x4049}};
  const float f32[] = {-1e30f, -1, 0, 1e-40f, 1, 2, 3, 1e30f};
  const double f64[] = {-1e30, -0.1, 0, 1e-300, 1, 1.0000000001, 1e300, 0.7};
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(transformed(ElementType::i8, i8), expected({-128, -1, 0, 1, 2, 3, 100, 127}));
  EXPECT_EQ(transformed(ElementType::u16, u16), expected({0, 1, 255, 256, 257, 32768, 65534, 65535}));
  EXPECT_EQ(transformed(ElementType::i16, i16), expected({-32768, -1, 0, 1, 2, 3, 255, 32767}));
  EXPECT_EQ(transformed(ElementType::u32, u32), expected({0, 1, 255, 16777216, 4294967296.0f, 5, 6, 7}));
  EXPECT_EQ(transformed(ElementType::i32, i32),
            expected({-2147483648.0f, -16777216, -1, 0, 1, 2, 16777220, 2147483648.0f}));
  EXPECT_EQ(transformed(ElementType::u64, u64), expected({0, 1, 0x1p64f, 3, 4, 5, 6, 7}));
  EXPECT_EQ(transformed(ElementType::i64, i64), expected({-0x1p63f, -1, 0, 1, 2, 3, 4, 0x1p63f}));
  EXPECT_EQ(transformed(ElementType::f16, f16), expected({1, -2, 0x1p-24f, -0x1p-24f, 65504, 0, 0, 0x1.554p-2f}));
  EXPECT_EQ(transformed(ElementType::bf16, bf16),
            expected({1, -2, 0x1p-133f, 0x1.fep127f, 0, 0, 0x1.56p-2f, 0x1.92p1f}));
  EXPECT_EQ(transformed(ElementType::f32, f32), expected({-1e30f, -1, 0, 1e-40f, 1, 2, 3, 1e30f}));
  EXPECT_EQ(transformed(ElementType::f64, f64), expected({-1e30f, -0.1f, 0, 0, 1, 1, infinity, 0.7f}));
}

TEST(Transform, Bytes_are_normalised_as_torchvision_does_it_bit_for_bit) {
  std::vector<uint8_t> bytes;
  for (int c = 0; c < 3; ++c)
    for (int value = 0; value < 256; ++value) bytes.push_back(static_cast<uint8_t>(value));
  const Normalize normalize{{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}};
  const Pipeline pipeline({normalize}, {3, 256, 1}, ElementType::u8, true);
  const std::vector<float> table = run(pipeline, bytes.data(), {}, Layout::nchw);
  // tests/reference/normalize.py, torch 1.13.0, torchvision 0.14.1
  EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(table.data()), 3 * 256 * 4), 0x3772d874u);
}

TEST(Transform, Padding_is_black_where_the_crop_stands) {
  const std::vector<uint8_t> white(3 * 4 * 4, 255);
  const Transform crop = Crop{100}, normalize = Normalize{{0.5, 0.25, 0.125}, {0.5, 0.25, 0.5}};
  const SampleShape shape{3, 4, 4};
  const SampleKey key{1, 0, 0};  // draws a place where the whole picture is padding, as nearly all are
  const auto first = run(Pipeline({crop, normalize}, shape, ElementType::u8, true), white.data(), key, Layout::nchw);
  EXPECT_EQ(first[0], -1.0f);        // (0 − 0.5) / 0.5
  EXPECT_EQ(first[2 * 16], -0.25f);  // (0 − 0.125) / 0.5
  const auto last = run(Pipeline({normalize, crop}, shape, ElementType::u8, true), white.data(), key, Layout::nchw);
  EXPECT_THAT(last, Each(0.0f));
}

TEST(Transform, Crops_are_drawn_from_every_place_equally_often) {
  const SampleShape shape{1, 3, 3};
  std::vector<float> picture{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Pipeline pipeline({Crop{1}}, shape, ElementType::f32, true);
  std::map<std::vector<float>, int> seen;
  const int draws = 9000;
  for (int64_t index = 0; index < draws; ++index) ++seen[run(pipeline, picture.data(), {1, 0, index}, Layout::nchw)];
  ASSERT_EQ(seen.size(), 9u);
  for (const auto& [crop, count] : seen) EXPECT_NEAR(count, 1000, 5 * std::sqrt(1000.0));
}

TEST(Transform, Flips_happen_with_their_probability) {
  const SampleShape shape{1, 1, 2};
  const float picture[] = {1, 2};
  for (double probability : {0.0, 0.1, 0.5, 1.0}) {
    const Pipeline pipeline({Flip{probability}}, shape, ElementType::f32, true);
    int flipped = 0;
    for (int64_t index = 0; index < 10000; ++index)
      flipped += run(pipeline, picture, {1, 0, index}, Layout::nchw)[0] == 2;
    EXPECT_NEAR(flipped, 10000 * probability, 5 * std::sqrt(10000 * probability * (1 - probability)));
  }
}

TEST(Transform, Random_choices_depend_on_seed_epoch_and_sample_and_on_nothing_else) {
  const SampleShape shape{1, 8, 8};
  std::vector<float> picture(64);
  for (int i = 0; i < 64; ++i) picture[i] = static_cast<float>(i + 1);
  const Pipeline pipeline({Crop{8}, Flip{0.5}}, shape, ElementType::f32, true);
  const auto draw = [&](uint64_t seed, int64_t epoch) {
    std::vector<std::vector<float>> pictures;
    for (int64_t index = 0; index < 20; ++index)
      pictures.push_back(run(pipeline, picture.data(), {seed, epoch, index}, Layout::nchw));
    return pictures;
  };
  EXPECT_EQ(draw(1, 1), draw(1, 1));
  EXPECT_NE(draw(1, 1), draw(2, 1));
  EXPECT_NE(draw(1, 1), draw(1, 2));
  const auto pictures = draw(1, 1);
  EXPECT_GT(std::set<std::vector<float>>(pictures.begin(), pictures.end()).size(), 10u);
}

TEST(Transform, Two_flips_are_drawn_apart) {
  const SampleShape shape{1, 1, 2};
  const float picture[] = {1, 2};
  const Pipeline pipeline({Flip{0.5}, Flip{0.5}}, shape, ElementType::f32, true);
  int flipped = 0;
  for (int64_t index = 0; index < 100; ++index) flipped += run(pipeline, picture, {1, 0, index}, Layout::nchw)[0] == 2;
  EXPECT_GT(flipped, 20);  // 0 if both took the same numbers
  EXPECT_LT(flipped, 80);
}

TEST(Transform, Crop_and_flip_act_in_training_alone) {
  const SampleShape shape{1, 4, 4};
  const std::vector<float> picture{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  const Pipeline pipeline({Crop{4}, Flip{1}}, shape, ElementType::f32, false);
  for (int64_t index = 0; index < 20; ++index)
    EXPECT_EQ(run(pipeline, picture.data(), {1, 0, index}, Layout::nchw), picture);
}

Error error_of_transforms(const std::vector<Transform>& transforms) {
  for (bool training : {true, false})
    for (ElementType type : {ElementType::u8, ElementType::f32}) {
      const Error error = error_of([&] { Pipeline(transforms, {3, 4, 4}, type, training); });
      EXPECT_EQ(error.status(), Status::invalid_config);
    }
  return error_of([&] { Pipeline(transforms, {3, 4, 4}, ElementType::u8, true); });
}

TEST(Transform, Mean_and_deviation_that_do_not_fit_the_channels_are_errors_that_name_the_field) {
  const Error mean = error_of_transforms({Flip{}, Normalize{{0.5}, {1, 1, 1}}});
  EXPECT_EQ(mean.field(), "data.transform[1].normalize.mean");
  EXPECT_THAT(mean.what(), AllOf(HasSubstr("1 values"), HasSubstr("3 channels")));
  const Error std = error_of_transforms({Normalize{{0.5, 0.5, 0.5}, {1, 1, 1, 1}}});
  EXPECT_EQ(std.field(), "data.transform[0].normalize.std");
  EXPECT_EQ(error_of_transforms({Normalize{}}).field(), "data.transform[0].normalize.mean");
}

TEST(Transform, Values_out_of_range_are_errors_that_name_the_field) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (double std : {0.0, -1.0, nan, infinity, 1e-60, 1e60})
    EXPECT_EQ(error_of_transforms({Normalize{{0, 0, 0}, {1, std, 1}}}).field(), "data.transform[0].normalize.std");
  for (double mean : {nan, infinity, -1e60})
    EXPECT_EQ(error_of_transforms({Normalize{{0, 0, mean}, {1, 1, 1}}}).field(), "data.transform[0].normalize.mean");
  for (double probability : {-0.1, 1.1, nan})
    EXPECT_EQ(error_of_transforms({Crop{}, Flip{probability}}).field(), "data.transform[1].flip.probability");
  for (int64_t padding : {int64_t{-1}, int64_t{1025}, std::numeric_limits<int64_t>::max()})
    EXPECT_EQ(error_of_transforms({Crop{padding}}).field(), "data.transform[0].crop.padding");
}

}  // namespace
}  // namespace signsym
