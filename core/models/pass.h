// What a forward pass is for.
#pragma once

#include <cstdint>

namespace signsym {

class Pass {
 public:
  // Batch norm takes the batch's statistics and moves its running ones; dropout drops what `step` says.
  static constexpr Pass training(uint32_t step) { return {true, step}; }
  // Batch norm takes the running statistics, dropout passes all on, and B is not used.
  static constexpr Pass evaluation() { return {false, 0}; }

  constexpr bool trains() const { return trains_; }
  constexpr uint32_t step() const { return step_; }

 private:
  constexpr Pass(bool trains, uint32_t step) : trains_(trains), step_(step) {}
  bool trains_;
  uint32_t step_;
};

}  // namespace signsym
