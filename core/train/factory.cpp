#include "train/factory.h"

#include <ATen/Context.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/error.h"
#include "base/machine.h"
#include "data/cifar10.h"
#include "data/mnist.h"
#include "data/subset.h"
#include "models/lenet.h"
#include "models/mlp.h"
#include "models/resnet.h"

namespace signsym {
namespace {

[[noreturn]] void fail(const std::string& field, const std::string& what) {
  throw Error(Status::invalid_config, field + ": " + what, field);
}

ActivationKind activation_kind(v1::Activation activation) {
  switch (activation) {
    case v1::TANH: return ActivationKind::tanh;
    case v1::SIGMOID: return ActivationKind::sigmoid;
    default: return ActivationKind::relu;
  }
}

// Shell patterns, * and ?; "layer1.*" takes in all below layer1.
bool matches(const std::string& pattern, const std::string& name) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; }

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Rule rule_of(v1::Rule rule) {
  switch (rule) {
    case v1::BACKPROP: return Rule::backprop;
    case v1::SHAM: return Rule::sham;
    case v1::SIGN_SYMMETRY_BATCH_RANDOM: return Rule::sign_symmetry_batch_random;
    case v1::SIGN_SYMMETRY_RANDOM_MAGNITUDE: return Rule::sign_symmetry_random_magnitude;
    case v1::FEEDBACK_ALIGNMENT: return Rule::feedback_alignment;
    case v1::FEEDBACK_ALIGNMENT_SIGNED_INIT: return Rule::feedback_alignment_signed_init;
    default: return Rule::sign_symmetry;
  }
}

Scale scale_of(v1::Scale scale) {
  switch (scale) {
    case v1::AUTHORS: return Scale::authors;
    case v1::XAVIER: return Scale::xavier;
    case v1::WEIGHT_MEAN: return Scale::weight_mean;
    default: return Scale::weight_rms;
  }
}

// Feedback and LayerFeedback share these fields; what is set in `message` goes over `to`.
template <typename Message>
void overlay(v1::Feedback& to, const Message& message) {
  if (message.has_rule()) to.set_rule(message.rule());
  if (message.has_scale()) to.set_scale(message.scale());
  if (message.has_granularity()) to.set_granularity(message.granularity());
  if (message.has_distribution()) to.set_distribution(message.distribution());
  if (message.has_sign_of_zero()) to.set_sign_of_zero(message.sign_of_zero());
}

FeedbackRule feedback_rule(const v1::Feedback& config, bool convolution) {
  FeedbackRule rule;
  rule.rule = rule_of(config.rule());
  rule.scale = scale_of(config.scale());
  rule.granularity = config.granularity() == v1::OUTPUT_CHANNEL ? Granularity::output_channel : Granularity::tensor;
  rule.zero_is_positive = config.sign_of_zero() == v1::PLUS_ONE;
  if (config.distribution() == v1::UNIFORM)
    rule.distribution = Distribution::uniform;
  else if (config.distribution() == v1::AUTHORS_UNIFORM)
    rule.distribution = Distribution::authors_uniform;
  else if (!config.has_distribution() && !convolution && rule.scale == Scale::authors)
    rule.distribution = Distribution::authors_uniform;
  return rule;
}

}  // namespace

std::shared_ptr<const Dataset> make_dataset(const v1::Data& config, Split split) {
  if (config.has_host()) fail("data.host", "the application gives the data set: signsym_trainer_create_with");
  return config.has_cifar10() ? open_cifar10(config.cifar10().path(), split) : open_mnist(config.mnist().path(), split);
}

DataParts open_parts(const v1::Data& config, uint64_t seed) {
  std::shared_ptr<const Dataset> training = make_dataset(config, Split::train);
  if (config.held_out() == v1::TEST) return {std::move(training), make_dataset(config, Split::test)};
  SplitIndices parts = split_by_class(*training, config.validation_fraction(), seed);
  return {make_subset(training, std::move(parts.train)), make_subset(training, std::move(parts.held_out))};
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

Graph make_graph(const v1::Model& config, SampleShape shape, int64_t classes) {
  const auto checked = [&](const char* model, int64_t configured) {
    if (configured < classes)
      fail("model." + std::string(model) + ".classes",
           std::to_string(configured) + " is fewer than the data set's " + std::to_string(classes));
    return configured;
  };
  if (config.has_lenet())
    return lenet(shape.channels, shape.height, shape.width, checked("lenet", config.lenet().classes()),
                 activation_kind(config.lenet().activation()));
  if (config.has_mlp())
    return mlp(shape.size(), {config.mlp().hidden().begin(), config.mlp().hidden().end()},
               checked("mlp", config.mlp().classes()), activation_kind(config.mlp().activation()));
  if (config.has_resnet())
    return resnet(config.resnet().depth(), config.resnet().stem() == v1::IMAGENET ? Stem::imagenet : Stem::cifar,
                  shape.channels, checked("resnet", config.resnet().classes()), config.resnet().width());
  return resnet_cifar(config.resnet_cifar().depth(), shape.channels,
                      checked("resnet_cifar", config.resnet_cifar().classes()), config.resnet_cifar().width());
}

Initialization make_initialization(const v1::Model& config) {
  switch (config.initialization()) {
    case v1::KAIMING_NORMAL: return Initialization::kaiming_normal;
    case v1::XAVIER_UNIFORM: return Initialization::xavier_uniform;
    default: return Initialization::pytorch;
  }
}

std::vector<FeedbackRule> make_feedback_rules(const v1::Feedback& config, const std::vector<FeedbackLayer>& layers) {
  std::vector<std::string> names;
  for (const FeedbackLayer& layer : layers) names.push_back(layer.name);
  for (int i = 0; i < config.layer_size(); ++i) {
    const std::string& pattern = config.layer(i).name();
    if (std::none_of(names.begin(), names.end(), [&](const std::string& name) { return matches(pattern, name); }))
      fail("feedback.layer[" + std::to_string(i) + "].name",
           "\"" + pattern + "\" matches no layer; the model's layers are " + listed(names));
  }
  std::vector<FeedbackRule> rules;
  for (const FeedbackLayer& layer : layers) {
    v1::Feedback merged;
    overlay(merged, config);
    for (const v1::LayerFeedback& change : config.layer())
      if (matches(change.name(), layer.name)) overlay(merged, change);
    rules.push_back(feedback_rule(merged, layer.weight.dim() > 2));
  }
  return rules;
}

std::unique_ptr<Sgd> make_optimizer(const v1::Optimizer& config, const Model& model) {
  std::vector<std::string> names;
  for (const NamedTensor& parameter : model.parameters()) names.push_back(parameter.name);
  std::vector<bool> decays(names.size(), true);
  for (int i = 0; i < config.no_decay_size(); ++i) {
    bool found = false;
    for (size_t p = 0; p < names.size(); ++p)
      if (matches(config.no_decay(i), names[p])) {
        decays[p] = false;
        found = true;
      }
    if (!found)
      fail("optimizer.no_decay[" + std::to_string(i) + "]",
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

void complete(v1::Experiment& experiment, const Dataset& dataset) {
  v1::Model& model = *experiment.mutable_model();
  const auto set_classes = [&](auto* kind) {
    if (!kind->has_classes()) kind->set_classes(dataset.classes());
  };
  if (model.has_lenet()) set_classes(model.mutable_lenet());
  if (model.has_mlp()) set_classes(model.mutable_mlp());
  if (model.has_resnet()) set_classes(model.mutable_resnet());
  if (model.has_resnet_cifar()) set_classes(model.mutable_resnet_cifar());
  const bool residual = model.has_resnet() || model.has_resnet_cifar();
  if (!model.has_initialization()) model.set_initialization(residual ? v1::KAIMING_NORMAL : v1::PYTORCH);

  v1::Data& data = *experiment.mutable_data();
  for (int i = 0; i < data.transform_size(); ++i) {
    v1::Transform& transform = *data.mutable_transform(i);
    if (!transform.has_normalize() || transform.normalize().mean_size() > 0) continue;
    const std::vector<double> mean = dataset.mean(), deviation = dataset.std_deviation();
    if (mean.empty())
      fail("data.transform[" + std::to_string(i) + "].normalize",
           "this data set has no published mean and std; set both, one number for each of its " +
               std::to_string(dataset.shape().channels) + " channels");
    *transform.mutable_normalize()->mutable_mean() = {mean.begin(), mean.end()};
    *transform.mutable_normalize()->mutable_std() = {deviation.begin(), deviation.end()};
  }

  v1::Compute& compute = *experiment.mutable_compute();
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
    compute.set_memory_format(model.has_mlp() ? v1::MemoryFormat::CONTIGUOUS : v1::MemoryFormat::CHANNELS_LAST);
}

}  // namespace signsym
