// The types of values in host memory: of pixels, of labels, of tensors.
#pragma once

#include <cstdint>
#include <cstring>

namespace signsym {

enum class ElementType { u8, u16, u32, u64, i8, i16, i32, i64, f16, bf16, f32, f64 };

// The two for which C++ has no type. Every value of theirs is one of float's.
struct Half {  // IEEE 754 binary16
  uint16_t bits = 0;
  operator float() const {
    const uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 1023u;
    if (exponent == 0) return (sign ? -0x1p-24f : 0x1p-24f) * static_cast<float>(fraction);
    const uint32_t wide = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }
};
struct Bfloat16 {  // the upper half of a float
  uint16_t bits = 0;
  operator float() const {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }
};

// f(v), v a value of the C++ type: uint8_t, …, Half, Bfloat16, float or double.
template <class F>
auto with_type(ElementType type, F&& f) {
  switch (type) {
    case ElementType::u8: return f(uint8_t{});
    case ElementType::u16: return f(uint16_t{});
    case ElementType::u32: return f(uint32_t{});
    case ElementType::u64: return f(uint64_t{});
    case ElementType::i8: return f(int8_t{});
    case ElementType::i16: return f(int16_t{});
    case ElementType::i32: return f(int32_t{});
    case ElementType::i64: return f(int64_t{});
    case ElementType::f16: return f(Half{});
    case ElementType::bf16: return f(Bfloat16{});
    case ElementType::f32: return f(float{});
    case ElementType::f64: break;
  }
  return f(double{});
}

// Bytes of one value.
inline int64_t size_of(ElementType type) {
  return with_type(type, [](auto value) { return static_cast<int64_t>(sizeof value); });
}

inline bool is_integer(ElementType type) { return type <= ElementType::i64; }

// "uint8", "bfloat16"
inline const char* name_of(ElementType type) {
  constexpr const char* names[] = {"uint8", "uint16", "uint32",  "uint64",   "int8",    "int16",
                                   "int32", "int64",  "float16", "bfloat16", "float32", "float64"};
  return names[static_cast<int>(type)];
}

}  // namespace signsym
