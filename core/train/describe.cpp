#include "train/describe.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "base/machine.h"

namespace signsym {
namespace {

using Json = nlohmann::ordered_json;

Json versions() {
  const int protobuf = GOOGLE_PROTOBUF_VERSION;
  return {{"signsym", SIGNSYM_VERSION},
          {"libtorch", TORCH_VERSION},
          {"protobuf", std::to_string(protobuf / 1000000) + "." + std::to_string(protobuf / 1000 % 1000) + "." +
                           std::to_string(protobuf % 1000)}};
}

Json machine_json() {
  const Machine& m = machine();
  return {{"processor", m.processor},       {"features", m.features}, {"cores", m.cores},
          {"threads", at::get_num_threads()}, {"memory_bytes", m.memory_bytes}, {"system", m.system}};
}

std::string data_name(const v1::Data& data) {
  return data.has_cifar10() ? "cifar10" : data.has_mnist() ? "mnist" : "host";
}

}  // namespace

std::string describe_run(const Config& config, const Learner& learner, const RunSize& size) {
  const v1::Experiment& e = config.experiment();
  Json layers = Json::array();
  for (const FeedbackLayer& layer : learner.model().layers())
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"shape", layer.weight.sizes().vec()},
                      {"rule", rule_name(layer.rule.rule)}});
  const Json run{
      {"format", 1},
      {"name", e.name()},
      {"seed", e.seed()},
      {"config_hash", config.hash()},
      {"model", {{"name", learner.model().graph().name}, {"parameters", learner.model().parameter_count()}}},
      {"layers", layers},
      {"data",
       {{"name", data_name(e.data())},
        {"train", size.training},
        {"held_out", size.held_out},
        {"held_out_kind", e.data().held_out() == v1::VALIDATION ? "validation" : "test"},
        {"classes", size.classes}}},
      {"epochs", e.train().epochs()},
      {"steps_per_epoch", size.steps_per_epoch},
      {"batch_size", e.data().batch_size()},
      {"device", v1::Device::Kind_Name(e.compute().device())},
      {"precision", v1::Precision::Kind_Name(e.compute().precision())},
      {"memory_format", v1::MemoryFormat::Kind_Name(e.compute().memory_format())},
      {"machine", machine_json()},
      {"versions", versions()}};
  return run.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string describe_build() {
  const bool cuda = at::hasCUDA();
  const Json build{{"versions", versions()},
                   {"machine", machine_json()},
                   {"cuda", cuda},
                   {"defaults",
                    {{"device", cuda ? "CUDA" : "CPU"},
                     {"precision", !cuda && computes_in_bf16() ? "BF16" : "FP32"},
                     {"memory_format", "CHANNELS_LAST"}}}};
  return build.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace signsym
