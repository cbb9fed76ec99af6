// Runs a graph: holds its parameters and buffers, and for each layer with a weight the feedback rule and B.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>

#include <functional>
#include <string>
#include <vector>

#include "models/graph.h"
#include "models/pass.h"
#include "nn/feedback_rule.h"

namespace signsym {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// A layer with a weight, under its rule.
struct FeedbackLayer {
  std::string name;         // "layer1.0.conv1"
  std::string kind;         // "conv2d" or "linear"
  Tensor weight;            // the parameter, fp32
  FeedbackRule rule{Rule::backprop};
  FeedbackState state;
  bool carries_error = false;  // something below it learns, so its B is used
  Tensor feedback_weight;   // B of this step in the compute type; undefined under BACKPROP
};

struct ModelOptions {
  c10::Device device = c10::kCPU;
  c10::ScalarType compute_type = c10::kFloat;  // or kBFloat16; parameters are fp32 always
  c10::MemoryFormat memory_format = c10::MemoryFormat::Contiguous;
  Initialization initialization = Initialization::pytorch;
  uint64_t seed = 1;
};

struct Step;  // models/plan.h

// What looks at, or takes over, each node's output as the model runs (direct rules, probes).
using NodeObserver = std::function<Tensor(const Node&, Tensor)>;

class Model {
 public:
  // Initial weights are drawn by the seed and the parameters' names. Errors: invalid_argument (check(graph)).
  Model(Graph graph, const ModelOptions& options);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // x: (N, C, H, W) or (N, n) fp32 on the model's device → logits (N, classes) fp32. In evaluation, any number of
  // threads at once.
  Tensor forward(const Tensor& x, Pass pass, const NodeObserver& observer = {}) const;

  // In the state dict's order. The tensors are the model's own.
  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  const std::vector<NamedTensor>& buffers() const { return buffers_; }
  // Parameters and buffers together, in torchvision's state dict order.
  const std::vector<NamedTensor>& state() const { return state_; }
  std::vector<FeedbackLayer>& layers() { return layers_; }
  const std::vector<FeedbackLayer>& layers() const { return layers_; }
  std::vector<std::string> layer_names() const;
  int64_t parameter_count() const;
  int64_t classes() const { return graph_.classes; }

  // Whether the parameters whose names match (base/pattern.h) learn; at first all do. What lies below the lowest one that
  // learns is not back-propagated, and those that do not learn have no gradient. Errors: not_found, with the names,
  // where none matches.
  void set_trainable(const std::string& pattern, bool learns);
  // For each parameter, in their order.
  std::vector<bool> trainable() const;
  void set_trainable(const std::vector<bool>& learns);

  // One rule for each layer, in the order of layers(); what is fixed is drawn here from the initial weights.
  void set_feedback(const std::vector<FeedbackRule>& rules, uint64_t seed);
  // B of this step, where a layer carries an error. Called before each step.
  void update_feedback_weights(uint32_t step);
  // The stored feedback weights, by their names in checkpoints: "layer1.0.conv1.feedback".
  std::vector<NamedTensor> stored_feedback() const;

  // Of what is computed from here on.
  void set_compute_type(c10::ScalarType type);
  // Of what is drawn in each step: dropout, and rules with B of the batch.
  void set_seed(uint64_t seed);

  const Graph& graph() const { return graph_; }
  const ModelOptions& options() const { return options_; }

 private:
  void mark_layers_that_carry_an_error();

  Graph graph_;
  ModelOptions options_;
  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<NamedTensor> state_;
  std::vector<FeedbackLayer> layers_;
  std::vector<Step> steps_;  // of the nodes of graph_
};

}  // namespace signsym
