#include "models/plan.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "nn/dropout.h"

namespace signsym {
namespace {

template <typename... Kinds>
bool is_one_of(const Operation& operation) {
  return (std::holds_alternative<Kinds>(operation) || ...);
}

// Writing over an operation's output is allowed where its derivative does not need that output, and the output is no
// view of the input, as a flatten's and, in an evaluation, a dropout's is.
bool output_may_be_overwritten(const Operation& operation) {
  return is_one_of<Conv2dOptions, LinearOptions, BatchNorm, GroupNorm, LayerNorm, MaxPool2d, AveragePool2d,
                   GlobalAveragePool, Add, Concat>(operation);
}

bool can_run_in_place(const Operation& operation) {
  const auto* activation = std::get_if<Activation>(&operation);
  return (activation && activation->kind == ActivationKind::relu) || std::holds_alternative<Add>(operation);
}

struct Run {
  const Step& step;
  const std::vector<Tensor>& values;
  const StepContext& context;

  const Tensor& in(size_t i = 0) const { return values[step.inputs[i]]; }
  Tensor first() const { return in(); }  // to be overwritten

  Tensor operator()(const Conv2dOptions& o) const {
    return conv2d(in(), context.weight, context.bias, o, context.feedback_weight);
  }
  Tensor operator()(const LinearOptions&) const {
    return linear(in(), context.weight, context.bias, context.feedback_weight);
  }
  Tensor operator()(const BatchNorm& o) const {
    const bool trains = context.pass.trains();
    if (trains && in().numel() == in().size(1))
      throw Error(Status::invalid_argument,
                  step.node->name + ": batch norm got one value a channel, which has no variance: train on batches of two "
                                    "samples or more (data.drop_last leaves out an epoch's smaller last one)");
    if (trains) Tensor(step.batches).add_(1);
    return at::batch_norm(in(), step.weight, step.bias, step.running_mean, step.running_variance, trains, o.momentum,
                          o.epsilon, /*cudnn_enabled=*/true);
  }
  // In fp32 whatever the compute type, as under PyTorch's autocast.
  Tensor operator()(const GroupNorm& o) const {
    return at::group_norm(in().to(at::kFloat), o.groups, step.weight, step.bias, o.epsilon).to(in().scalar_type());
  }
  Tensor operator()(const LayerNorm& o) const {
    return at::layer_norm(in().to(at::kFloat), o.shape, step.weight, step.bias, o.epsilon).to(in().scalar_type());
  }
  Tensor operator()(const Activation& o) const {
    switch (o.kind) {
      case ActivationKind::relu: return context.in_place ? first().relu_() : at::relu(in());
      case ActivationKind::tanh: return at::tanh(in());
      case ActivationKind::sigmoid: return at::sigmoid(in());
      case ActivationKind::relu6: return at::hardtanh(in(), 0, 6);
      case ActivationKind::leaky_relu: return at::leaky_relu(in(), 0.01);
      case ActivationKind::gelu: return at::gelu(in());
      case ActivationKind::silu: return at::silu(in());
      case ActivationKind::hardswish: return at::hardswish(in());
    }
    return {};
  }
  Tensor operator()(const MaxPool2d& o) const { return at::max_pool2d(in(), o.kernel, o.stride, o.padding); }
  Tensor operator()(const AveragePool2d& o) const { return at::avg_pool2d(in(), o.kernel, o.stride, o.padding); }
  Tensor operator()(const GlobalAveragePool&) const { return at::adaptive_avg_pool2d(in(), {1, 1}); }
  Tensor operator()(const Add&) const {
    Tensor sum = context.in_place ? first().add_(in(1)) : in().add(in(1));
    for (size_t i = 2; i < step.inputs.size(); ++i) sum.add_(in(i));
    return sum;
  }
  Tensor operator()(const Concat&) const {
    std::vector<Tensor> parts;
    for (const int value : step.inputs) parts.push_back(values[value]);
    return at::cat(parts, 1);
  }
  Tensor operator()(const Dropout& o) const {
    if (!context.pass.trains()) return in();
    return dropout(in(), o.probability, Random(context.seed, "dropout", step.node->name, context.pass.step()));
  }
  Tensor operator()(const Flatten&) const { return at::flatten(in(), 1); }
};

}  // namespace

std::vector<Step> plan(const Graph& graph) {
  Values value_of{{"input", 0}};
  std::vector<Step> steps;
  std::vector<int> readers(graph.nodes.size() + 1, 0);
  std::vector<size_t> last_reader(graph.nodes.size() + 1, 0);
  for (const Node& node : graph.nodes) {
    Step step;
    step.node = &node;
    for (const std::string& input : node.inputs) {
      const int value = value_of.at(input);
      step.inputs.push_back(value);
      ++readers[value];
      last_reader[value] = steps.size();
    }
    steps.push_back(std::move(step));
    value_of[node.name] = static_cast<int>(steps.size());
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    const int first = steps[i].inputs[0];
    steps[i].in_place = can_run_in_place(steps[i].node->operation) && first > 0 && readers[first] == 1 &&
                        output_may_be_overwritten(graph.nodes[first - 1].operation);
    for (const int value : steps[i].inputs)
      if (last_reader[value] == i) steps[i].expired.push_back(value);
  }
  return steps;
}

Tensor run(const Step& step, const std::vector<Tensor>& values, const StepContext& context) {
  return std::visit(Run{step, values, context}, step.node->operation);
}

}  // namespace signsym
