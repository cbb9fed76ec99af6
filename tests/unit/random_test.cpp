#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>

namespace signsym {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Ne;

using Words = std::array<uint32_t, 4>;

std::vector<float> normals(const Random& random, size_t count, uint64_t first = 0) {
  std::vector<float> numbers(count);
  random.normal(numbers.data(), first, count);
  return numbers;
}

std::vector<float> uniforms(const Random& random, size_t count, uint64_t first = 0) {
  std::vector<float> numbers(count);
  random.uniform(numbers.data(), first, count);
  return numbers;
}

uint64_t fnv1a(const void* data, size_t size) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 1099511628211u;
  return hash;
}

// Largest distance between the numbers' distribution and `cdf`, times √n: above 1.95 once in a thousand samples.
template <class Cdf>
double kolmogorov_smirnov(std::vector<float> numbers, Cdf cdf) {
  std::sort(numbers.begin(), numbers.end());
  double n = static_cast<double>(numbers.size()), distance = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    double expected = cdf(numbers[i]);
    distance = std::max({distance, expected - i / n, (i + 1) / n - expected});
  }
  return distance * std::sqrt(n);
}

double correlation(const std::vector<float>& a, const std::vector<float>& b, size_t shift = 0) {
  double product = 0, aa = 0, bb = 0;
  for (size_t i = 0; i + shift < a.size(); ++i) {
    product += double(a[i]) * b[i + shift];
    aa += double(a[i]) * a[i];
    bb += double(b[i + shift]) * b[i + shift];
  }
  return product / std::sqrt(aa * bb);
}

// From Random123's kat_vectors, philox4x32 10.
TEST(Philox, Gives_its_published_answers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, Counts_blocks_steps_and_the_hash_of_its_names_under_the_seed_as_key) {
  uint64_t hash = fnv1a("weight\0conv1", 12);
  Random random(0x0123456789abcdef, "weight", "conv1", 7);
  EXPECT_EQ(random.block(5), philox({5, 7, uint32_t(hash), uint32_t(hash >> 32)}, {0x89abcdef, 0x01234567}));
}

TEST(Random, Tells_seed_purpose_name_and_step_apart) {
  std::vector<Words> blocks;
  for (const Random& random :
       {Random(1, "ab", "c"), Random(1, "a", "bc"), Random(1, "abc"), Random(1, "", "abc"), Random(1, "ab", "c", 1),
        Random(2, "ab", "c"), Random(1 | uint64_t{1} << 32, "ab", "c"), Random(1, "ab", "d")})
    blocks.push_back(random.block(0));
  std::sort(blocks.begin(), blocks.end());
  EXPECT_EQ(std::unique(blocks.begin(), blocks.end()), blocks.end());
}

TEST(Random, A_word_is_its_place_in_its_block) {
  Random random(3, "test");
  for (uint64_t i = 0; i < 64; ++i) EXPECT_EQ(random.word(i), random.block(uint32_t(i / 4))[i % 4]);
  uint64_t last = (uint64_t{1} << 34) - 1;
  EXPECT_EQ(random.word(last), random.block(0xffffffff)[3]);
}

TEST(Random, Does_not_depend_on_how_the_numbers_are_shared_out) {
  Random random(4, "weight", "conv1");
  const size_t n = 5003;
  std::vector<float> whole = normals(random, n), parts(n), whole_uniform = uniforms(random, n), parts_uniform(n);
  const size_t cuts[] = {0, 4, 8, 260, 1024, 1028, 4000, n};
  std::vector<std::thread> threads;
  for (size_t i = 0; i + 1 < std::size(cuts); ++i)
    threads.emplace_back([&, i] {
      random.normal(parts.data() + cuts[i], cuts[i], cuts[i + 1] - cuts[i]);
      random.uniform(parts_uniform.data() + cuts[i], cuts[i], cuts[i + 1] - cuts[i]);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(whole, parts);
  EXPECT_EQ(whole_uniform, parts_uniform);
}

TEST(Random, Writes_no_number_too_many) {
  Random random(4, "test");
  for (size_t n : {0, 1, 2, 3, 4, 5, 255, 256, 257, 512}) {
    std::vector<float> numbers(n + 4, 99.0f);
    random.normal(numbers.data(), 0, n);
    EXPECT_THAT(std::vector<float>(numbers.begin() + n, numbers.end()), Each(99.0f)) << n;
    EXPECT_THAT(std::vector<float>(numbers.begin(), numbers.begin() + n), Each(Ne(99.0f))) << n;
  }
}

TEST(Random, A_single_uniform_is_that_of_the_row) {
  Random random(5, "crop");
  std::vector<float> row = uniforms(random, 1000);
  for (size_t i = 0; i < row.size(); ++i) EXPECT_EQ(random.uniform(i), row[i]);
}

TEST(Random, Goes_on_where_the_row_ends_far_from_its_beginning) {
  Random random(5, "crop");
  uint64_t first = (uint64_t{1} << 33) + 4;
  std::vector<float> row = uniforms(random, 8, first);
  for (size_t i = 0; i < row.size(); ++i) EXPECT_EQ(random.uniform(first + i), row[i]);
}

TEST(Random, Uniforms_are_uniform_in_0_to_below_1) {
  std::vector<float> numbers = uniforms(Random(6, "test"), 1 << 20);
  auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  EXPECT_GE(*low, 0.0f);
  EXPECT_LT(*high, 1.0f);
  EXPECT_LT(kolmogorov_smirnov(numbers, [](double x) { return x; }), 1.95);
}

TEST(Random, Normals_are_those_of_Box_and_Muller_to_a_hundred_thousandth) {
  Random random(7, "test");
  const double pi = std::acos(-1.0);
  std::vector<float> numbers = normals(random, 1 << 20);
  double worst = 0;
  for (size_t i = 0; i < numbers.size(); i += 2) {
    double radius = std::sqrt(-2 * std::log(((random.word(i) >> 1) + 0.5) / 2147483648.0));
    double angle = 2 * pi * random.word(i + 1) / 4294967296.0;
    worst = std::max({worst, std::abs(numbers[i] - radius * std::cos(angle)),
                      std::abs(numbers[i + 1] - radius * std::sin(angle))});
  }
  EXPECT_LT(worst, 1e-5);
}

// Bounds are five standard errors.
TEST(Random, Normals_are_normal) {
  std::vector<float> numbers = normals(Random(8, "test"), 1 << 20);
  double n = static_cast<double>(numbers.size()), moment[5] = {};
  size_t beyond_three = 0;
  for (float x : numbers) {
    for (int k = 1; k <= 4; ++k) moment[k] += std::pow(double(x), k) / n;
    beyond_three += std::abs(x) > 3;
  }
  EXPECT_NEAR(moment[1], 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(moment[2], 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(moment[3], 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(moment[4], 3, 5 * std::sqrt(96 / n));
  EXPECT_NEAR(double(beyond_three), 0.0026998 * n, 5 * std::sqrt(0.0026998 * n));
  EXPECT_LT(kolmogorov_smirnov(numbers, [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }), 1.95);
}

TEST(Random, Normals_do_not_know_their_neighbours_nor_other_streams) {
  const size_t n = 1 << 20;
  std::vector<float> numbers = normals(Random(9, "weight", "conv1"), n);
  double bound = 5 / std::sqrt(double(n));
  for (size_t shift : {1, 2, 3, 4, 256}) EXPECT_NEAR(correlation(numbers, numbers, shift), 0, bound) << shift;
  EXPECT_NEAR(correlation(numbers, normals(Random(9, "weight", "conv2"), n)), 0, bound);
  EXPECT_NEAR(correlation(numbers, normals(Random(9, "weight", "conv1", 1), n)), 0, bound);
  EXPECT_NEAR(correlation(numbers, normals(Random(10, "weight", "conv1"), n)), 0, bound);
}

// Recorded: a change of these bits changes every initial weight, and every result that was published.
TEST(Random, Numbers_have_the_same_bits_on_every_machine) {
  std::vector<float> numbers = normals(Random(1, "weight", "conv1"), 100000);
  EXPECT_EQ(fnv1a(numbers.data(), numbers.size() * sizeof(float)), 17888314621892575425u);
  numbers = uniforms(Random(1, "weight", "conv1"), 100000);
  EXPECT_EQ(fnv1a(numbers.data(), numbers.size() * sizeof(float)), 5625416632570259181u);
}

TEST(Random, Below_keeps_to_its_bound_and_favours_no_number) {
  Random random(11, "crop");
  EXPECT_EQ(random.below(0, 1), 0u);
  const uint64_t bound = 9;
  const int n = 90000;
  std::vector<int> count(bound);
  for (int i = 0; i < n; ++i) {
    uint64_t value = random.below(i, bound);
    ASSERT_LT(value, bound);
    ++count[value];
  }
  double chi_squared = 0, expected = double(n) / bound;
  for (int c : count) chi_squared += (c - expected) * (c - expected) / expected;
  EXPECT_LT(chi_squared, 26.1);  // 8 degrees of freedom: once in a thousand samples
}

TEST(Random, Below_takes_the_upper_half_of_the_product_of_two_words_and_the_bound) {
  Random random(12, "order");
  for (uint64_t i : {0, 1, 2, 3, 1000}) {
    uint64_t value = random.word(2 * i) | uint64_t{random.word(2 * i + 1)} << 32;
    EXPECT_EQ(random.below(i, uint64_t{1} << 63), value >> 1);
    EXPECT_EQ(random.below(i, 256), value >> 56);
  }
}

TEST(Permutation, Holds_every_number_once) {
  for (int64_t n : {0, 1, 10, 5000}) {
    std::vector<int64_t> order = permutation(Random(1, "order"), n), sorted = order, expected(n);
    std::sort(sorted.begin(), sorted.end());
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(sorted, expected);
    EXPECT_EQ(order == expected, n <= 1) << n;
  }
}

TEST(Permutation, Is_a_function_of_its_stream_alone) {
  EXPECT_EQ(permutation(Random(1, "order", "", 3), 1000), permutation(Random(1, "order", "", 3), 1000));
  EXPECT_NE(permutation(Random(1, "order", "", 3), 1000), permutation(Random(1, "order", "", 4), 1000));
}

TEST(Permutation, Brings_each_number_to_each_place_equally_often) {
  const int n = 6, draws = 36000;
  std::vector<int> count(n * n);
  for (int i = 0; i < draws; ++i) {
    std::vector<int64_t> order = permutation(Random(1, "order", "", i), n);
    for (int place = 0; place < n; ++place) ++count[place * n + order[place]];
  }
  double expected = double(draws) / n, deviation = std::sqrt(expected * (1 - 1.0 / n));
  for (int c : count) EXPECT_NEAR(c, expected, 5 * deviation);
}

}  // namespace
}  // namespace signsym
