// Every random number of the library: Philox4x32-10 (Salmon et al. 2011, by Random123) as a pure function of
// (seed, purpose, name, step, index). Nothing is drawn in sequence, so the numbers do not depend on the number of
// threads or ranks, and a run resumes from its position alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace signsym {

// The generator itself, by Random123.
std::array<uint32_t, 4> philox(const std::array<uint32_t, 4>& counter, const std::array<uint32_t, 2>& key);

// One stream of 2^34 numbers. key = seed; counter = (block, step, FNV-1a 64 of purpose, a zero byte, name); low words first.
class Random {
 public:
  // purpose: what the numbers are for ("weight", "order", "crop", …); name: of whom (a layer, or empty).
  Random(uint64_t seed, std::string_view purpose, std::string_view name = {}, uint32_t step = 0);

  // Four random words; block counts them in fours.
  std::array<uint32_t, 4> block(uint32_t block) const;
  uint32_t word(uint64_t index) const;
  // In [0, 1), 24 bits.
  float uniform(uint64_t index) const;
  // An integer in [0, bound), without bias beyond 2^-64; bound ≥ 1. Uses two words at 2 · index.
  uint64_t below(uint64_t index, uint64_t bound) const;

  // Elements first … first + count − 1 of the stream, so that threads can share one tensor. `first` is a multiple of 4.
  void uniform(float* out, uint64_t first, size_t count) const;  // in [0, 1)
  // N(0, 1) by Box-Muller, |z| < 6.7; within 1e-5 of the exact function of the words, the same bits on every machine.
  void normal(float* out, uint64_t first, size_t count) const;

 private:
  std::array<uint32_t, 2> key_;
  uint32_t step_;
  std::array<uint32_t, 2> stream_;
};

// 0 … n − 1 in random order (Fisher-Yates over the stream's numbers).
std::vector<int64_t> permutation(const Random& random, int64_t n);

}  // namespace signsym
