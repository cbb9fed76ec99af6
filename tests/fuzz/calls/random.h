// Numbers by a seed (SplitMix64): a sequence of calls is made from its seed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0xD1B54A32D192ED03u + 1) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  size_t below(size_t count) { return static_cast<size_t>(next() % count); }
  // True once in so many times.
  bool once_in(size_t times) { return below(times) == 0; }

  template <class List>
  auto& one_of(List& list) {
    return list[below(list.size())];
  }
  template <class Value>
  Value one_of(std::initializer_list<Value> list) {
    return list.begin()[below(list.size())];
  }

 private:
  uint64_t state_;
};
