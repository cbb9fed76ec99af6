#include "base/random.h"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace signsym {
namespace {

constexpr size_t chunk = 256;  // words drawn at a time: small enough for the nearest cache

uint64_t fnv1a(uint64_t hash, std::string_view text) {
  for (unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

uint64_t stream_of(std::string_view purpose, std::string_view name) {
  uint64_t hash = fnv1a(0xcbf29ce484222325u, purpose);
  hash = fnv1a(hash, std::string_view("\0", 1));  // so that ("ab", "c") is not ("a", "bc")
  return fnv1a(hash, name);
}

std::array<uint32_t, 2> halves(uint64_t value) {
  return {static_cast<uint32_t>(value), static_cast<uint32_t>(value >> 32)};
}

// The upper 24 bits, all that a float holds.
float unit(uint32_t word) { return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f; }

template <class To, class From>
To bit_cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

// The functions below use float additions and multiplications alone, no branch and no libm: they vectorise, and
// give the same bits everywhere. The coefficients are least-squares fits on the range that is left after reduction.

// ln x for a normal x > 0: x = 2^e (1 + f), 1 + f in [√½, √2).
inline float log(float x) {
  int32_t bits = bit_cast<int32_t>(x);
  int32_t exponent = (bits - 0x3f3504f3) >> 23;
  float f = bit_cast<float>(bits - exponent * 0x800000) - 1.0f;
  float p = -0.0809969410f;
  p = p * f + 0.127119288f;
  p = p * f - 0.129725949f;
  p = p * f + 0.142022237f;
  p = p * f - 0.166422278f;
  p = p * f + 0.200014670f;
  p = p * f - 0.250002974f;
  p = p * f + 0.333333290f;
  return static_cast<float>(exponent) * 0.693147181f + (f + f * f * (p * f - 0.5f));
}

// cos and sin of 2π · word / 2^32: the nearest quarter turn, and an angle in [−π/4, π/4] from there.
inline std::pair<float, float> cos_sin(uint32_t word) {
  float angle = static_cast<float>(bit_cast<int32_t>(word << 2)) * (1.57079633f * 0x1p-32f);
  float z = angle * angle;
  float sine = angle + angle * z * ((-1.95878418e-4f * z + 8.33275332e-3f) * z - 0.166666652f);
  float cosine = 1.0f + z * (((2.45479913e-5f * z - 1.38883033e-3f) * z + 4.16666647e-2f) * z - 0.5f);
  uint32_t quarter = (word + 0x20000000u) >> 30;
  uint32_t c = bit_cast<uint32_t>(quarter & 1 ? sine : cosine) ^ ((quarter + 1) >> 1 << 31);
  uint32_t s = bit_cast<uint32_t>(quarter & 1 ? cosine : sine) ^ (quarter >> 1 << 31);
  return {bit_cast<float>(c), bit_cast<float>(s)};
}

// Box and Muller 1958: two independent normal numbers from two uniform ones.
void box_muller(const uint32_t* words, float* out) {
  for (size_t i = 0; i < chunk; i += 2) {
    float u = (static_cast<float>(static_cast<int32_t>(words[i] >> 1)) + 0.5f) * 0x1p-31f;  // in [2^-32, 1]
    float radius = std::sqrt(std::max(0.0f, -2.0f * log(u)));
    auto [cosine, sine] = cos_sin(words[i + 1]);
    out[i] = radius * cosine;
    out[i + 1] = radius * sine;
  }
}

void to_unit(const uint32_t* words, float* out) {
  for (size_t i = 0; i < chunk; ++i) out[i] = unit(words[i]);
}

// Fills `out` a chunk of words at a time; `transform` makes numbers of a whole chunk.
template <class Transform>
void fill(const Random& random, float* out, uint64_t first, size_t count, Transform transform) {
  uint32_t words[chunk];
  float numbers[chunk];
  for (uint64_t block = first / 4; count > 0; block += chunk / 4) {
    for (size_t i = 0; i < chunk / 4; ++i) {
      auto four = random.block(static_cast<uint32_t>(block + i));
      std::copy(four.begin(), four.end(), words + 4 * i);
    }
    transform(words, numbers);
    size_t taken = std::min(count, chunk);
    out = std::copy_n(numbers, taken, out);
    count -= taken;
  }
}

}  // namespace

std::array<uint32_t, 4> philox(const std::array<uint32_t, 4>& counter, const std::array<uint32_t, 2>& key) {
  philox4x32_ctr_t out = philox4x32_R(10, {{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
  return {out.v[0], out.v[1], out.v[2], out.v[3]};
}

Random::Random(uint64_t seed, std::string_view purpose, std::string_view name, uint32_t step)
    : key_(halves(seed)), step_(step), stream_(halves(stream_of(purpose, name))) {}

std::array<uint32_t, 4> Random::block(uint32_t block) const {
  return philox({block, step_, stream_[0], stream_[1]}, key_);
}

uint32_t Random::word(uint64_t index) const { return block(static_cast<uint32_t>(index / 4))[index % 4]; }

float Random::uniform(uint64_t index) const { return unit(word(index)); }

// Lemire 2019: the upper half of a product, in place of a remainder.
uint64_t Random::below(uint64_t index, uint64_t bound) const {
  auto four = block(static_cast<uint32_t>(index / 2));
  size_t at = 2 * (index % 2);
  uint64_t value = static_cast<uint64_t>(four[at + 1]) << 32 | four[at];
  return static_cast<uint64_t>(static_cast<unsigned __int128>(value) * bound >> 64);
}

void Random::uniform(float* out, uint64_t first, size_t count) const { fill(*this, out, first, count, to_unit); }

void Random::normal(float* out, uint64_t first, size_t count) const { fill(*this, out, first, count, box_muller); }

std::vector<int64_t> permutation(const Random& random, int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) order[i] = i;
  for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[random.below(i, i + 1)]);
  return order;
}

}  // namespace signsym
