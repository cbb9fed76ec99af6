// The machine that a result came from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace signsym {

struct Machine {
  std::string processor;              // "AMD EPYC 7763"
  std::vector<std::string> features;  // of those that matter here: "avx2", "avx512f", "avx512_bf16", "amx_bf16", …
  int cores = 1;                      // that this process may use: affinity, and the container's quota
  int64_t memory_bytes = 0;
  std::string system;                 // "Linux 6.1.0 x86_64"
};

const Machine& machine();
// Whether the processor computes in bfloat16; elsewhere bf16 is emulated, many times slower than fp32.
bool computes_in_bf16();

}  // namespace signsym
