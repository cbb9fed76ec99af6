#include "train/build_info.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include <string>

#include "base/machine.h"

namespace signsym {
namespace {

// "3.21.12" of 3021012.
std::string protobuf_version() {
  const int version = GOOGLE_PROTOBUF_VERSION;
  return std::to_string(version / 1000000) + "." + std::to_string(version / 1000 % 1000) + "." +
         std::to_string(version % 1000);
}

// "12.4" of 12040.
std::string cuda_version() {
  const long version = at::detail::getCUDAHooks().versionCUDART();
  return std::to_string(version / 1000) + "." + std::to_string(version / 10 % 100);
}

}  // namespace

v1::BuildInfo build_info() {
  v1::BuildInfo info;
  const bool cuda = at::hasCUDA();
  v1::BuildInfo::Versions& versions = *info.mutable_versions();
  versions.set_signsym(SIGNSYM_VERSION);
  versions.set_libtorch(TORCH_VERSION);
  versions.set_protobuf(protobuf_version());
  if (cuda) versions.set_cuda(cuda_version());

  const Machine& here = machine();
  v1::BuildInfo::Machine& m = *info.mutable_machine();
  m.set_processor(here.processor);
  *m.mutable_features() = {here.features.begin(), here.features.end()};
  m.set_cores(here.cores);
  m.set_threads(at::get_num_threads());
  m.set_memory_bytes(here.memory_bytes);
  m.set_system(here.system);

  v1::BuildInfo::Defaults& defaults = *info.mutable_defaults();
  defaults.set_device(cuda ? v1::Device::CUDA : v1::Device::CPU);
  defaults.set_precision(!cuda && computes_in_bf16() ? v1::Precision::BF16 : v1::Precision::FP32);
  defaults.set_memory_format(v1::MemoryFormat::CHANNELS_LAST);
  return info;
}

}  // namespace signsym
