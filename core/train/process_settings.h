// What LibTorch keeps for more than a call: set for its time, then as it was.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <omp.h>

#include "signsym/v1/experiment.pb.h"

extern "C" int MKL_Set_Num_Threads_Local(int threads) __attribute__((weak));  // not in every LibTorch

namespace signsym {

class ProcessSettings {
 public:
  explicit ProcessSettings(const v1::Compute& compute)
      : threads_(at::get_num_threads()), deterministic_(at::globalContext().deterministicCuDNN()) {
    // Of this thread: at::set_num_threads is for all that begin after it, the host's own too.
    if (compute.has_threads()) {
      at::internal::lazy_init_num_threads();  // else a thread's first parallel loop sets the process's number anew
      omp_set_num_threads(compute.threads());
      if (MKL_Set_Num_Threads_Local) mkl_threads_ = MKL_Set_Num_Threads_Local(compute.threads());
      sets_threads_ = true;
    }
    // On the CPU every operation used here gives the same bits from run to run as it is.
    if (compute.device() == v1::Device::CUDA) at::globalContext().setDeterministicCuDNN(compute.deterministic());
  }
  ~ProcessSettings() {
    if (sets_threads_) {
      omp_set_num_threads(threads_);
      if (MKL_Set_Num_Threads_Local) MKL_Set_Num_Threads_Local(mkl_threads_);
    }
    if (at::globalContext().deterministicCuDNN() != deterministic_)
      at::globalContext().setDeterministicCuDNN(deterministic_);
  }
  ProcessSettings(const ProcessSettings&) = delete;

 private:
  int threads_, mkl_threads_ = 0;
  bool sets_threads_ = false;
  bool deterministic_;
};

}  // namespace signsym
