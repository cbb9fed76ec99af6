#include "train/describe.h"

#include <nlohmann/json.hpp>

#include "train/build_info.h"

namespace signsym {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const v1::BuildInfo::Versions& versions) {
  return {{"signsym", versions.signsym()}, {"libtorch", versions.libtorch()}, {"protobuf", versions.protobuf()}};
}

Json json_of(const v1::BuildInfo::Machine& m) {
  return {{"processor", m.processor()}, {"features", m.features()}, {"cores", m.cores()},
          {"threads", m.threads()}, {"memory_bytes", m.memory_bytes()}, {"system", m.system()}};
}

std::string data_name(const v1::Data& data) {
  return data.has_cifar10() ? "cifar10" : data.has_mnist() ? "mnist" : "host";
}

}  // namespace

std::string describe_run(const Config& config, const Learner& learner, const RunSize& size) {
  const v1::Experiment& e = config.experiment();
  const v1::BuildInfo build = build_info();
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
      {"machine", json_of(build.machine())},
      {"versions", json_of(build.versions())}};
  return run.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace signsym
