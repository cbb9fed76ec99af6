#include "data/element_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

namespace signsym {
namespace {

constexpr ElementType all[] = {ElementType::u8,  ElementType::u16, ElementType::u32, ElementType::u64,
                               ElementType::i8,  ElementType::i16, ElementType::i32, ElementType::i64,
                               ElementType::f16, ElementType::bf16, ElementType::f32, ElementType::f64};

// Sign, fraction and exponent of a format by the definition of IEEE 754.
double by_definition(uint32_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const double fraction = std::ldexp(bits & ((1u << fraction_bits) - 1), -fraction_bits);
  const double sign = bits >> (exponent_bits + fraction_bits) ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * (exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias));
}

template <class Value>
void expect_definition(int exponent_bits, int fraction_bits) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float found = Value{static_cast<uint16_t>(bits)};
    const double expected = by_definition(bits, exponent_bits, fraction_bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(found)) << bits;
    } else {
      ASSERT_EQ(found, expected) << bits;
      ASSERT_EQ(std::signbit(found), std::signbit(expected)) << bits;
    }
  }
}

TEST(ElementType, Every_half_is_the_float_of_its_definition) { expect_definition<Half>(5, 10); }
TEST(ElementType, Every_bfloat16_is_the_float_of_its_definition) { expect_definition<Bfloat16>(8, 7); }

TEST(ElementType, Names_tell_size_and_kind) {
  std::set<std::string> names;
  for (ElementType type : all) {
    const std::string name = name_of(type);
    names.insert(name);
    EXPECT_NE(name.find(std::to_string(8 * size_of(type))), std::string::npos) << name;
    EXPECT_EQ(is_integer(type), name.find("int") != std::string::npos) << name;
  }
  EXPECT_EQ(names.size(), 12u);
}

}  // namespace
}  // namespace signsym
