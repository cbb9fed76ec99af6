#include "models/model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <unordered_map>

#include "base/error.h"
#include "base/pattern.h"
#include "base/process.h"
#include "models/initialize.h"

namespace signsym {
namespace {

constexpr int no_layer = -1;

// Writing over an operation's output is allowed where its derivative does not need that output.
bool output_may_be_overwritten(const Operation& operation) {
  return std::holds_alternative<Conv2dOptions>(operation) || std::holds_alternative<LinearOptions>(operation) ||
         std::holds_alternative<BatchNorm2d>(operation) || std::holds_alternative<Add>(operation);
}

}  // namespace

struct Model::Plan {
  struct Step {
    const Node* node = nullptr;
    std::vector<int> inputs;   // value numbers; 0 is the model's input, node i makes value i + 1
    std::vector<int> expired;  // values that nobody reads after this step
    bool in_place = false;     // the first input is overwritten
    int layer = no_layer;      // in layers_
    Tensor weight, bias;
    Tensor running_mean, running_variance, batches;
  };
  std::vector<Step> steps;
};

Model::Model(Graph graph, const ModelOptions& options)
    : graph_(std::move(graph)), options_(options), plan_(std::make_unique<Plan>()) {
  check(graph_);
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
  const auto layer = [&](const Node& node, at::IntArrayRef shape, bool has_bias, Plan::Step& step) {
    const bool convolution = shape.size() > 2;
    const std::string weight = node.name + ".weight", bias = node.name + ".bias";
    step.weight = parameter(weight, initial_weight(options_.initialization, shape, options_.seed, weight));
    const int64_t fan_in = step.weight.numel() / shape[0];
    if (has_bias)
      step.bias = parameter(bias, initial_bias(options_.initialization, shape[0], fan_in, convolution, options_.seed, bias));
    step.layer = static_cast<int>(layers_.size());
    FeedbackLayer made;
    made.name = node.name;
    made.kind = convolution ? "conv2d" : "linear";
    made.weight = step.weight;
    layers_.push_back(std::move(made));
  };

  std::unordered_map<std::string, int> value_of{{"input", 0}};
  std::vector<int> readers(graph_.nodes.size() + 1, 0);
  std::vector<int> last_reader(graph_.nodes.size() + 1, -1);
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    Plan::Step step;
    step.node = &node;
    for (const std::string& input : node.inputs) {
      const int value = value_of.at(input);
      step.inputs.push_back(value);
      ++readers[value];
      last_reader[value] = static_cast<int>(i);
    }
    if (const auto* conv = std::get_if<Conv2dOptions>(&node.operation)) {
      layer(node, {conv->out, conv->in / conv->groups, conv->kernel[0], conv->kernel[1]}, conv->bias, step);
    } else if (const auto* linear = std::get_if<LinearOptions>(&node.operation)) {
      layer(node, {linear->out, linear->in}, linear->bias, step);
    } else if (const auto* norm = std::get_if<BatchNorm2d>(&node.operation)) {
      const auto like = at::TensorOptions().dtype(at::kFloat);
      step.weight = parameter(node.name + ".weight", at::ones({norm->channels}, like));
      step.bias = parameter(node.name + ".bias", at::zeros({norm->channels}, like));
      step.running_mean = buffer(node.name + ".running_mean", at::zeros({norm->channels}, like));
      step.running_variance = buffer(node.name + ".running_var", at::ones({norm->channels}, like));
      step.batches = buffer(node.name + ".num_batches_tracked", at::zeros({}, like.dtype(at::kLong)));
    }
    value_of[node.name] = static_cast<int>(i + 1);
    plan_->steps.push_back(std::move(step));
  }
  for (size_t i = 0; i < plan_->steps.size(); ++i) {
    Plan::Step& step = plan_->steps[i];
    const auto* activation = std::get_if<Activation>(&step.node->operation);
    const bool can = (activation && activation->kind == ActivationKind::relu) ||
                     std::holds_alternative<Add>(step.node->operation);
    const int first = step.inputs[0];
    step.in_place = can && first > 0 && readers[first] == 1 &&
                    output_may_be_overwritten(graph_.nodes[first - 1].operation);
    for (const int value : step.inputs)
      if (last_reader[value] == static_cast<int>(i)) step.expired.push_back(value);
  }
  mark_layers_that_carry_an_error();
}

Model::~Model() = default;

Tensor Model::forward(const Tensor& x, bool training, const NodeObserver& observer) const {
  std::vector<Tensor> values(plan_->steps.size() + 1);
  values[0] = x.to(options_.compute_type);
  if (x.dim() == 4) values[0] = values[0].contiguous(options_.memory_format);
  const bool cast = options_.compute_type != at::kFloat;
  const auto computed = [&](const Tensor& master) {
    return cast && master.defined() ? master.to(options_.compute_type) : master;
  };

  for (const Plan::Step& step : plan_->steps) {
    check_process();
    const Node& node = *step.node;
    const Tensor& in = values[step.inputs[0]];
    // B only matters to a backward pass; in an evaluation the plain layer runs.
    const Tensor none;
    const Tensor& feedback = step.layer != no_layer && training ? layers_[step.layer].feedback_weight : none;
    Tensor out;
    if (const auto* conv = std::get_if<Conv2dOptions>(&node.operation)) {
      out = conv2d(in, computed(step.weight), computed(step.bias), *conv, feedback);
    } else if (std::holds_alternative<LinearOptions>(node.operation)) {
      out = linear(in, computed(step.weight), computed(step.bias), feedback);
    } else if (const auto* norm = std::get_if<BatchNorm2d>(&node.operation)) {
      if (training) step.batches.add_(1);
      out = at::batch_norm(in, step.weight, step.bias, step.running_mean, step.running_variance, training,
                           norm->momentum, norm->epsilon, /*cudnn_enabled=*/true);
    } else if (const auto* activation = std::get_if<Activation>(&node.operation)) {
      if (activation->kind == ActivationKind::tanh) out = at::tanh(in);
      else if (activation->kind == ActivationKind::sigmoid) out = at::sigmoid(in);
      else if (step.in_place && !observer) out = Tensor(in).relu_();
      else out = at::relu(in);
    } else if (const auto* pool = std::get_if<MaxPool2d>(&node.operation)) {
      out = at::max_pool2d(in, {pool->kernel, pool->kernel}, {pool->stride, pool->stride}, {pool->padding, pool->padding});
    } else if (std::holds_alternative<GlobalAveragePool>(node.operation)) {
      out = at::adaptive_avg_pool2d(in, {1, 1});
    } else if (std::holds_alternative<Add>(node.operation)) {
      out = step.in_place && !observer ? Tensor(in).add_(values[step.inputs[1]]) : in.add(values[step.inputs[1]]);
    } else {
      out = at::flatten(in, 1);
    }
    if (observer) out = observer(node, std::move(out));
    values[&step - plan_->steps.data() + 1] = std::move(out);
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
  std::vector<bool> learns(plan_->steps.size() + 1, false);  // a parameter that learns lies below this value
  for (size_t i = 0; i < plan_->steps.size(); ++i) {
    const Plan::Step& step = plan_->steps[i];
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
