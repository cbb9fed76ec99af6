#include "data/transform.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace signsym {
namespace {

constexpr int64_t most_padding = 1024;

[[noreturn]] void refuse(const std::string& field, const std::string& message) {
  throw Error(Status::invalid_config, field + ": " + message, field);
}

void check(const Crop& crop, const std::string& field) {
  if (crop.padding < 0 || crop.padding > most_padding)
    refuse(field + ".crop.padding", std::to_string(crop.padding) + " is out of range: 0 to 1024 pixels are expected");
}

void check(const Flip& flip, const std::string& field) {
  if (!(flip.probability >= 0 && flip.probability <= 1))
    refuse(field + ".flip.probability", std::to_string(flip.probability) + " is out of range: 0 to 1 is expected");
}

// One number a channel, as float.
std::vector<float> one_a_channel(const std::vector<double>& values, int64_t channels, bool positive,
                                 const std::string& field) {
  if (static_cast<int64_t>(values.size()) != channels)
    refuse(field, std::to_string(values.size()) + " values for pictures of " + std::to_string(channels) +
                      (channels == 1 ? " channel" : " channels") + ": one a channel is expected");
  std::vector<float> floats(values.begin(), values.end());
  for (float value : floats)
    if (!std::isfinite(value) || (positive && !(value > 0)))
      refuse(field, std::to_string(value) + (positive ? " is out of range: a finite number > 0 is expected"
                                                      : " is out of range: a finite number is expected"));
  return floats;
}

// Where a picture of the batch comes from. Pixel (y, x) of the batch, inside the window, is pixel
// (y + shift_y, direction · x + shift_x) of the set's picture; outside the window padding covers it.
struct View {
  int64_t height, width;  // of both
  int64_t top = 0, bottom = height, left = 0, right = width;
  int64_t shift_y = 0, shift_x = 0, direction = 1;

  // The picture before a crop that moved it by (y, x).
  void undo_crop(int64_t y, int64_t x) {
    shift_y += y;
    shift_x += x;
    top = std::clamp(-shift_y, top, bottom);
    bottom = std::clamp(height - shift_y, top, bottom);
    left = std::clamp(direction > 0 ? -shift_x : shift_x - width + 1, left, right);
    right = std::clamp(direction > 0 ? width - shift_x : shift_x + 1, left, right);
  }
  void undo_flip() {
    direction = -direction;
    shift_x = width - 1 - shift_x;
  }
};

}  // namespace

Pipeline::Pipeline(std::vector<Transform> transforms, SampleShape shape, ElementType type, bool training)
    : shape_(shape), type_(type) {
  if (type_ == ElementType::u8)
    for (int64_t c = 0; c < shape_.channels; ++c)
      for (int value = 0; value < 256; ++value) table_.push_back(static_cast<float>(value) / 255.0f);

  int crops = 0, flips = 0;
  for (size_t i = 0; i < transforms.size(); ++i) {
    const std::string field = "data.transform[" + std::to_string(i) + "]";
    if (const auto* crop = std::get_if<Crop>(&transforms[i])) {
      check(*crop, field);
      std::string stream = crops++ == 0 ? "" : std::to_string(crops - 1);
      if (training) moves_.push_back({*crop, std::move(stream), std::vector<float>(shape_.channels, 0.0f)});
    } else if (const auto* flip = std::get_if<Flip>(&transforms[i])) {
      check(*flip, field);
      std::string stream = flips++ == 0 ? "" : std::to_string(flips - 1);
      if (training) moves_.push_back({*flip, std::move(stream), {}});
    } else {
      add(std::get<Normalize>(transforms[i]), field);
    }
  }
}

// A value's way depends on its channel alone: it is gone once for each of the 256 values, and for earlier padding.
void Pipeline::add(const Normalize& normalize, const std::string& field) {
  Scale scale{one_a_channel(normalize.mean, shape_.channels, false, field + ".normalize.mean"),
              one_a_channel(normalize.std, shape_.channels, true, field + ".normalize.std")};
  for (int64_t c = 0; c < shape_.channels; ++c) {
    const auto apply = [mean = scale.mean[c], std = scale.std[c]](float& value) { value = (value - mean) / std; };
    if (type_ == ElementType::u8) std::for_each_n(table_.begin() + c * 256, 256, apply);
    for (Move& move : moves_)
      if (!move.black.empty()) apply(move.black[c]);
  }
  scales_.push_back(std::move(scale));
}

void Pipeline::apply(const void* pixels, const SampleStrides& strides, const SampleKey& key, Layout layout,
                     float* out) const {
  const SampleStrides of_batch = compact_strides(shape_, layout);
  const uint32_t step = static_cast<uint32_t>(key.epoch);
  const uint64_t index = static_cast<uint64_t>(key.index);

  // Back from the batch to the set: the padding of the last crop covers that of the one before it.
  View view{shape_.height, shape_.width};
  for (auto move = moves_.rbegin(); move != moves_.rend(); ++move) {
    if (const auto* crop = std::get_if<Crop>(&move->what)) {
      const View outer = view;
      const uint64_t places = static_cast<uint64_t>(2 * crop->padding + 1);
      const uint64_t place = Random(key.seed, "crop", move->stream, step).below(index, places * places);
      view.undo_crop(static_cast<int64_t>(place / places) - crop->padding,
                     static_cast<int64_t>(place % places) - crop->padding);
      for (int64_t y = outer.top; y < outer.bottom; ++y) {
        const bool inside = y >= view.top && y < view.bottom;
        for (int64_t c = 0; c < shape_.channels; ++c) {
          float* row = out + c * of_batch.channel + y * of_batch.row;
          const auto blacken = [&](int64_t from, int64_t to) {
            for (int64_t x = from; x < to; ++x) row[x * of_batch.pixel] = move->black[c];
          };
          blacken(outer.left, inside ? view.left : outer.right);
          if (inside) blacken(view.right, outer.right);
        }
      }
    } else if (Random(key.seed, "flip", move->stream, step).uniform(index) < std::get<Flip>(move->what).probability) {
      view.undo_flip();
    }
  }

  for (int64_t y = view.top; y < view.bottom; ++y)
    for (int64_t c = 0; c < shape_.channels; ++c) {
      const int64_t from = c * strides.channel + (y + view.shift_y) * strides.row +
                           (view.direction * view.left + view.shift_x) * strides.pixel;
      copy_row(pixels, from, view.direction * strides.pixel,
               out + c * of_batch.channel + y * of_batch.row + view.left * of_batch.pixel, of_batch.pixel,
               view.right - view.left, c);
    }
}

// `count` values of a channel, from value `from` of `pixels` on by `step`, to out[0] on by `stride`.
void Pipeline::copy_row(const void* pixels, int64_t from, int64_t step, float* out, int64_t stride, int64_t count,
                        int64_t channel) const {
  if (type_ == ElementType::u8) {
    const float* table = table_.data() + channel * 256;
    const auto* in = static_cast<const uint8_t*>(pixels) + from;
    // Four at a time: left alone, GCC gathers the values into vectors, which takes twice as long.
    for (; count >= 4; count -= 4, in += 4 * step, out += 4 * stride) {
      const float a = table[in[0]], b = table[in[step]], c = table[in[2 * step]], d = table[in[3 * step]];
      out[0] = a, out[stride] = b, out[2 * stride] = c, out[3 * stride] = d;
    }
    for (; count > 0; --count, in += step, out += stride) *out = table[*in];
    return;
  }
  with_type(type_, [&](auto type) {
    const auto* in = static_cast<const decltype(type)*>(pixels) + from;
    for (int64_t i = 0; i < count; ++i) out[i * stride] = static_cast<float>(in[i * step]);
  });
  for (const Scale& scale : scales_) {
    const float mean = scale.mean[channel], std = scale.std[channel];
    for (int64_t i = 0; i < count; ++i) out[i * stride] = (out[i * stride] - mean) / std;
  }
}

}  // namespace signsym
