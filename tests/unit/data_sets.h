// What the tests of data sets and loaders share: small sets, checksums, and the error that a call throws.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/dataset.h"

// The signsym::Error that `call` throws; without one the test has failed.
template <class Call>
signsym::Error error_of(Call call) {
  try {
    call();
  } catch (const signsym::Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return signsym::Error(signsym::Status::ok, "");
}

// Of sets in memory.
inline const uint8_t* bytes_of(const signsym::Dataset& set, int64_t index) {
  return static_cast<const uint8_t*>(set.sample(index, nullptr).pixels);
}
inline int64_t label_of(const signsym::Dataset& set, int64_t index) { return set.sample(index, nullptr).label; }

// Pixels that tell which sample, and which place in it, they are from.
class CountedSet : public signsym::Dataset {
 public:
  CountedSet(int64_t size, signsym::SampleShape shape, int64_t classes = 10)
      : shape_(shape), classes_(classes), pixels_(static_cast<size_t>(size * shape.size())), size_(size) {
    for (size_t i = 0; i < pixels_.size(); ++i) pixels_[i] = static_cast<uint8_t>((i * 2654435761u) >> 13);
  }
  int64_t size() const override { return size_; }
  int64_t classes() const override { return classes_; }
  signsym::SampleShape shape() const override { return shape_; }
  signsym::ElementType pixel_type() const override { return signsym::ElementType::u8; }
  signsym::Sample sample(int64_t index, void*) const override {
    return {pixels_.data() + index * shape_.size(), index % classes_};
  }

 private:
  signsym::SampleShape shape_;
  int64_t classes_;
  std::vector<uint8_t> pixels_;
  int64_t size_;
};

struct Checksums {
  uint32_t pixels;
  std::vector<int64_t> of_class;  // samples
};

inline Checksums checksums(const signsym::Dataset& set) {
  Checksums sums{static_cast<uint32_t>(crc32(0, nullptr, 0)), std::vector<int64_t>(set.classes())};
  const int64_t bytes = set.shape().size() * size_of(set.pixel_type());
  for (int64_t i = 0; i < set.size(); ++i) {
    sums.pixels = crc32(sums.pixels, bytes_of(set, i), static_cast<uInt>(bytes));
    ++sums.of_class[label_of(set, i)];
  }
  return sums;
}

inline uint32_t labels_checksum(const signsym::Dataset& set) {
  std::string labels;
  for (int64_t i = 0; i < set.size(); ++i) labels += static_cast<char>(label_of(set, i));
  return crc32(0, reinterpret_cast<const Bytef*>(labels.data()), static_cast<uInt>(labels.size()));
}
