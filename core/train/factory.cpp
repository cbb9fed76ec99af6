#include "train/factory.h"

#include <ATen/Context.h>

#include <algorithm>

#include "base/error.h"
#include "base/machine.h"
#include "base/pattern.h"
#include "data/cifar10.h"
#include "data/mnist.h"
#include "data/subset.h"

namespace signsym {

std::shared_ptr<const Dataset> make_dataset(const v1::Data& config, Split split) {
  if (config.has_host()) throw config_error("data.host", "the application gives the data set: signsym_trainer_create_with");
  return config.has_cifar10() ? open_cifar10(config.cifar10().path(), split) : open_mnist(config.mnist().path(), split);
}

DataParts open_parts(const v1::Data& config, uint64_t seed) {
  std::shared_ptr<const Dataset> training = make_dataset(config, Split::train);
  if (config.held_out() == v1::TEST) return {std::move(training), make_dataset(config, Split::test)};
  return split_parts(std::move(training), config, seed);
}

DataParts split_parts(std::shared_ptr<const Dataset> training, const v1::Data& config, uint64_t seed) {
  SplitIndices parts = split_by_class(*training, config.validation_fraction(), seed);
  return {make_subset(training, std::move(parts.train)), make_subset(training, std::move(parts.held_out))};
}

Layout layout_of(const v1::Compute& config) {
  return config.memory_format() == v1::MemoryFormat::CHANNELS_LAST ? Layout::nhwc : Layout::nchw;
}

std::vector<Transform> make_transforms(const v1::Data& config) {
  std::vector<Transform> transforms;
  for (const v1::Transform& t : config.transform()) {
    if (t.has_crop()) transforms.push_back(Crop{t.crop().padding()});
    if (t.has_flip()) transforms.push_back(Flip{t.flip().probability()});
    if (t.has_normalize())
      transforms.push_back(Normalize{{t.normalize().mean().begin(), t.normalize().mean().end()},
                                     {t.normalize().std().begin(), t.normalize().std().end()}});
  }
  return transforms;
}

void freeze_parameters(const v1::Optimizer& config, Model& model) {
  for (int i = 0; i < config.freeze_size(); ++i) {
    try {
      model.set_trainable(config.freeze(i), false);
    } catch (const Error& error) {
      throw config_error("optimizer.freeze[" + std::to_string(i) + "]", error.what());
    }
  }
}

std::unique_ptr<Sgd> make_optimizer(const v1::Optimizer& config, const Model& model) {
  std::vector<std::string> names;
  bool learns = false;
  for (const NamedTensor& parameter : model.parameters()) {
    names.push_back(parameter.name);
    learns = learns || parameter.tensor.requires_grad();
  }
  if (!learns) throw config_error("optimizer.freeze", "nothing learns: every parameter of the model is frozen");
  std::vector<bool> decays(names.size(), true);
  for (int i = 0; i < config.no_decay_size(); ++i) {
    bool found = false;
    for (size_t p = 0; p < names.size(); ++p)
      if (matches(config.no_decay(i), names[p])) {
        decays[p] = false;
        found = true;
      }
    if (!found)
      throw config_error("optimizer.no_decay[" + std::to_string(i) + "]",
                         "\"" + config.no_decay(i) + "\" matches no parameter; the model's parameters are " + listed(names));
  }
  const v1::Sgd& sgd = config.sgd();
  SgdOptions options;
  options.momentum = sgd.momentum();
  options.nesterov = sgd.nesterov();
  options.dampening = sgd.dampening();
  options.weight_decay = sgd.weight_decay();
  options.decoupled_decay = sgd.decay() == v1::DECOUPLED;
  options.clip_norm = config.clip_norm();
  options.clip_value = config.clip_value();
  return std::make_unique<Sgd>(model.parameters(), decays, options);
}

Schedule make_schedule(const v1::Schedule& config) {
  Schedule schedule;
  schedule.warmup_epochs = config.warmup_epochs();
  if (config.has_step())
    schedule.kind = StepDecay{config.step().every_epochs(), config.step().factor()};
  else if (config.has_cosine())
    schedule.kind = CosineDecay{config.cosine().end_factor()};
  else if (config.has_linear())
    schedule.kind = LinearDecay{config.linear().end_factor()};
  else if (config.has_one_cycle())
    schedule.kind = OneCycle{config.one_cycle().rise_fraction(), config.one_cycle().start_divisor(),
                             config.one_cycle().end_divisor()};
  return schedule;
}

Loss make_loss(const v1::Loss& config) {
  if (config.has_mean_squared_error()) return MeanSquaredError{};
  if (config.has_binary_cross_entropy()) return BinaryCrossEntropy{};
  return CrossEntropy{config.cross_entropy().label_smoothing()};
}

namespace {

void complete(v1::Data& data, const v1::Shape& input, const Dataset* dataset) {
  for (int i = 0; i < data.transform_size(); ++i) {
    v1::Transform& transform = *data.mutable_transform(i);
    if (!transform.has_normalize() || transform.normalize().mean_size() > 0) continue;
    const std::vector<double> mean = dataset ? dataset->mean() : std::vector<double>{};
    const std::vector<double> deviation = dataset ? dataset->std_deviation() : std::vector<double>{};
    if (mean.empty())
      throw config_error("data.transform[" + std::to_string(i) + "].normalize",
                         "this data set has no published mean and std; set both, one number for each of its " +
                             std::to_string(input.channels()) + " channels");
    *transform.mutable_normalize()->mutable_mean() = {mean.begin(), mean.end()};
    *transform.mutable_normalize()->mutable_std() = {deviation.begin(), deviation.end()};
  }
}

bool has_convolutions(const v1::Model& model) {
  if (!model.has_graph()) return !model.has_mlp();
  const auto& nodes = model.graph().nodes();
  return std::any_of(nodes.begin(), nodes.end(), [](const v1::Node& node) { return node.has_convolution(); });
}

void complete(v1::Compute& compute, const v1::Model& model) {
  const bool cuda = at::hasCUDA();
  if (compute.device() == v1::Device::CUDA && !cuda)
    throw Error(Status::unsupported,
                "compute.device: CUDA, but this build or this machine has none: set CPU or AUTO, or use a build with "
                "CUDA on a machine with an NVIDIA GPU",
                "compute.device");
  if (compute.device() == v1::Device::AUTO) compute.set_device(cuda ? v1::Device::CUDA : v1::Device::CPU);
  if (compute.precision() == v1::Precision::AUTO)
    compute.set_precision(compute.device() == v1::Device::CPU && computes_in_bf16() ? v1::Precision::BF16
                                                                                     : v1::Precision::FP32);
  if (compute.memory_format() == v1::MemoryFormat::AUTO)
    compute.set_memory_format(has_convolutions(model) ? v1::MemoryFormat::CHANNELS_LAST : v1::MemoryFormat::CONTIGUOUS);
}

}  // namespace

void complete(v1::Experiment& experiment, const Dataset* dataset) {
  complete(*experiment.mutable_model(), dataset);
  complete(*experiment.mutable_data(), experiment.model().input(), dataset);
  complete(*experiment.mutable_compute(), experiment.model());
}

}  // namespace signsym
