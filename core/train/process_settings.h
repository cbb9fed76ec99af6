// What LibTorch keeps for the whole process: set for the time of a call, then as it was.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "signsym/v1/experiment.pb.h"

namespace signsym {

class ProcessSettings {
 public:
  explicit ProcessSettings(const v1::Compute& compute)
      : threads_(at::get_num_threads()), deterministic_(at::globalContext().deterministicCuDNN()) {
    if (compute.has_threads()) at::set_num_threads(compute.threads());
    // On the CPU every operation used here gives the same bits from run to run as it is.
    if (compute.device() == v1::Device::CUDA) at::globalContext().setDeterministicCuDNN(compute.deterministic());
  }
  ~ProcessSettings() {
    if (at::get_num_threads() != threads_) at::set_num_threads(threads_);
    if (at::globalContext().deterministicCuDNN() != deterministic_)
      at::globalContext().setDeterministicCuDNN(deterministic_);
  }
  ProcessSettings(const ProcessSettings&) = delete;

 private:
  int threads_;
  bool deterministic_;
};

}  // namespace signsym
