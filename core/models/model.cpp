#include "models/model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/pattern.h"
#include "base/process.h"
#include "models/initialize.h"
#include "models/plan.h"
#include "models/warm_up.h"

namespace signsym {

Model::Model(Graph graph, const ModelOptions& options) : graph_(std::move(graph)), options_(options) {
  check(graph_);
  steps_ = plan(graph_);
  warm_up();
  at::NoGradGuard no_grad;

  const auto parameter = [&](const std::string& name, const Tensor& initial) {
    Tensor tensor = initial.to(options_.device);
    if (tensor.dim() == 4) tensor = tensor.contiguous(options_.memory_format);
    tensor.set_requires_grad(true);
    parameters_.push_back({name, tensor});
    state_.push_back({name, tensor});
    return tensor;
  };
  const auto buffer = [&](const std::string& name, const Tensor& initial) {
    const Tensor tensor = initial.to(options_.device);
    buffers_.push_back({name, tensor});
    state_.push_back({name, tensor});
    return tensor;
  };
  const auto layer = [&](Step& step, at::IntArrayRef shape, bool has_bias) {
    const std::string& node = step.node->name;
    const bool convolution = shape.size() > 2;
    const std::string weight = node + ".weight", bias = node + ".bias";
    step.weight = parameter(weight, initial_weight(options_.initialization, shape, options_.seed, weight));
    const int64_t fan_in = step.weight.numel() / shape[0];
    if (has_bias)
      step.bias = parameter(bias, initial_bias(options_.initialization, shape[0], fan_in, convolution, options_.seed, bias));
    step.layer = static_cast<int>(layers_.size());
    FeedbackLayer made;
    made.name = node;
    made.kind = convolution ? "conv2d" : "linear";
    made.weight = step.weight;
    layers_.push_back(std::move(made));
  };
  const auto norm = [&](Step& step, at::IntArrayRef shape) {
    step.weight = parameter(step.node->name + ".weight", at::ones(shape, at::kFloat));
    step.bias = parameter(step.node->name + ".bias", at::zeros(shape, at::kFloat));
  };
  for (Step& step : steps_) {
    const Operation& operation = step.node->operation;
    if (const auto* conv = std::get_if<Conv2dOptions>(&operation)) {
      layer(step, weight_shape(*conv), conv->bias);
    } else if (const auto* linear = std::get_if<LinearOptions>(&operation)) {
      layer(step, weight_shape(*linear), linear->bias);
    } else if (const auto* group_norm = std::get_if<GroupNorm>(&operation)) {
      norm(step, {group_norm->channels});
    } else if (const auto* layer_norm = std::get_if<LayerNorm>(&operation)) {
      norm(step, layer_norm->shape);
    } else if (const auto* batch_norm = std::get_if<BatchNorm>(&operation)) {
      norm(step, {batch_norm->channels});
      const std::string& node = step.node->name;
      step.running_mean = buffer(node + ".running_mean", at::zeros({batch_norm->channels}, at::kFloat));
      step.running_variance = buffer(node + ".running_var", at::ones({batch_norm->channels}, at::kFloat));
      step.batches = buffer(node + ".num_batches_tracked", at::zeros({}, at::kLong));
    }
  }
  mark_layers_that_carry_an_error();
}

Model::~Model() = default;

Tensor Model::forward(const Tensor& x, Pass pass, const NodeObserver& observer) const {
  std::vector<Tensor> values(steps_.size() + 1);
  values[0] = x.to(options_.compute_type);
  if (x.dim() == 4) values[0] = values[0].contiguous(options_.memory_format);
  const bool cast = options_.compute_type != at::kFloat;
  const auto computed = [&](const Tensor& master) {
    return cast && master.defined() ? master.to(options_.compute_type) : master;
  };
  for (size_t i = 0; i < steps_.size(); ++i) {
    check_process();
    const Step& step = steps_[i];
    StepContext context{pass, step.in_place && !observer, options_.seed, {}, {}, {}};
    if (step.layer != no_layer) {
      context.weight = computed(step.weight);
      context.bias = computed(step.bias);
      // B only matters to a backward pass; in an evaluation the plain layer runs.
      if (pass.trains()) context.feedback_weight = layers_[step.layer].feedback_weight;
    }
    Tensor out = run(step, values, context);
    if (observer) out = observer(*step.node, std::move(out));
    values[i + 1] = std::move(out);
    for (const int value : step.expired) values[value].reset();
  }
  return values.back().to(at::kFloat);
}

std::vector<std::string> Model::layer_names() const {
  std::vector<std::string> names;
  for (const FeedbackLayer& layer : layers_) names.push_back(layer.name);
  return names;
}

int64_t Model::parameter_count() const {
  int64_t count = 0;
  for (const NamedTensor& parameter : parameters_) count += parameter.tensor.numel();
  return count;
}

std::vector<bool> Model::trainable() const {
  std::vector<bool> learns;
  for (const NamedTensor& parameter : parameters_) learns.push_back(parameter.tensor.requires_grad());
  return learns;
}

void Model::set_trainable(const std::vector<bool>& learns) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].tensor.set_requires_grad(learns[i]);
    if (!learns[i]) parameters_[i].tensor.mutable_grad().reset();
  }
  mark_layers_that_carry_an_error();
}

void Model::set_trainable(const std::string& pattern, bool learns) {
  std::vector<bool> all = trainable();
  bool found = false;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (!matches(pattern, parameters_[i].name)) continue;
    found = true;
    all[i] = learns;
  }
  if (!found) {
    std::vector<std::string> names;
    for (const NamedTensor& parameter : parameters_) names.push_back(parameter.name);
    throw Error(Status::not_found,
                "\"" + pattern + "\" matches no parameter; the model's parameters are " + listed(names));
  }
  set_trainable(all);
}

void Model::mark_layers_that_carry_an_error() {
  const auto needs_gradient = [](const Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); };
  std::vector<bool> learns(steps_.size() + 1, false);  // a parameter that learns lies below this value
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    for (const int value : step.inputs)
      if (learns[value]) learns[i + 1] = true;
    if (step.layer != no_layer) {
      FeedbackLayer& layer = layers_[step.layer];
      layer.carries_error = learns[step.inputs[0]];
      layer.feedback_weight.reset();  // where it carried none, it was the weight's own memory
    }
    if (needs_gradient(step.weight) || needs_gradient(step.bias)) learns[i + 1] = true;
  }
}

void Model::set_feedback(const std::vector<FeedbackRule>& rules, uint64_t seed) {
  if (rules.size() != layers_.size())
    throw Error(Status::invalid_argument, "model " + graph_.name + " has " + std::to_string(layers_.size()) +
                                              " layers with a weight; " + std::to_string(rules.size()) + " rules were given");
  for (size_t i = 0; i < layers_.size(); ++i) {
    FeedbackLayer& layer = layers_[i];
    layer.rule = rules[i];
    layer.state = FeedbackState{seed, layer.name, 0, {}};
    layer.state.fixed = fixed_feedback(layer.rule, layer.weight, layer.state);
    layer.feedback_weight.reset();
  }
}

void Model::set_compute_type(c10::ScalarType type) {
  if (type == options_.compute_type) return;
  options_.compute_type = type;
  for (FeedbackLayer& layer : layers_) layer.feedback_weight.reset();  // of the other type
}

void Model::set_seed(uint64_t seed) {
  options_.seed = seed;
  for (FeedbackLayer& layer : layers_) layer.state.seed = seed;
}

void Model::update_feedback_weights(uint32_t step) {
  at::NoGradGuard no_grad;
  const bool cast = options_.compute_type != at::kFloat;
  for (FeedbackLayer& layer : layers_) {
    if (is_backprop(layer.rule.rule)) continue;
    layer.state.step = step;
    if (!layer.carries_error) {
      layer.feedback_weight = layer.weight.detach();  // the feedback path is taken, and what it carries is dropped
      continue;
    }
    if (!cast) {
      update_feedback_weight(layer.feedback_weight, layer.rule, layer.weight, layer.state);
    } else {
      layer.feedback_weight = feedback_weight(layer.rule, layer.weight, layer.state).to(options_.compute_type);
    }
  }
}

std::vector<NamedTensor> Model::stored_feedback() const {
  std::vector<NamedTensor> stored;
  for (const FeedbackLayer& layer : layers_)
    if (layer.state.fixed.defined()) stored.push_back({layer.name + ".feedback", layer.state.fixed});
  return stored;
}

}  // namespace signsym
