// A graph with every operation, of pictures of 3 × 9 × 7, and what the tests of graphs share.
#pragma once

#include <ATen/ATen.h>

#include "base/random.h"
#include "models/shape.h"
#include "train/learner.h"

namespace signsym {

inline Tensor normal(std::vector<int64_t> shape, const char* name = "pictures") {
  Tensor x = at::empty(shape, at::kFloat);
  Random(9, "test", name).normal(x.data_ptr<float>(), 0, x.numel());
  return x;
}

inline const Shape every_operation_input{3, 9, 7};

inline Graph every_operation() {
  Graph g{"every", {}};
  g.add("conv", Conv2dOptions{3, 8, {3, 3}, {1, 1}, {1, 1}}, {"input"});
  g.add("bn", BatchNorm{8}, {"conv"});
  g.add("relu", Activation{ActivationKind::relu}, {"bn"});
  g.add("dw", Conv2dOptions{8, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 8, false}, {"relu"});
  g.add("gn", GroupNorm{4, 16}, {"dw"});
  g.add("relu6", Activation{ActivationKind::relu6}, {"gn"});
  g.add("grouped", Conv2dOptions{16, 8, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 2}, {"relu6"});
  g.add("add", Add{}, {"grouped", "relu", "conv"});
  g.add("silu", Activation{ActivationKind::silu}, {"add"});
  g.add("drop", Dropout{0.25}, {"silu"});
  g.add("side", Dropout{0.25}, {"silu"});  // in an evaluation silu itself, which side_add reads, too
  g.add("side_relu", Activation{ActivationKind::relu}, {"side"});
  g.add("side_add", Add{}, {"drop", "side_relu", "silu"});
  g.add("max", MaxPool2d{}, {"side_add"});
  g.add("max_relu", Activation{ActivationKind::relu}, {"max"});
  g.add("mean", AveragePool2d{{3, 2}, {2, 2}, {1, 0}}, {"side_add"});
  g.add("strided", Conv2dOptions{8, 4, {1, 1}, {2, 2}}, {"side_add"});
  g.add("padded", Conv2dOptions{8, 4, {1, 1}, {2, 2}, {1, 1}}, {"side_add"});
  g.add("max_gelu", Activation{ActivationKind::gelu}, {"max_relu"});
  g.add("mean_pool", MaxPool2d{{2, 1}, {1, 1}, {0, 0}}, {"mean"});
  g.add("cat", Concat{}, {"max_gelu", "mean_pool"});
  g.add("cat_relu", Activation{ActivationKind::relu}, {"cat"});
  g.add("ln", LayerNorm{{16, 4, 3}}, {"cat_relu"});
  g.add("gap", GlobalAveragePool{}, {"ln"});
  g.add("strided_gap", GlobalAveragePool{}, {"strided"});
  g.add("padded_gap", GlobalAveragePool{}, {"padded"});
  g.add("cat2", Concat{}, {"gap", "strided_gap", "padded_gap"});
  g.add("flat", Flatten{}, {"cat2"});  // the same memory as the next one
  g.add("flat_relu", Activation{ActivationKind::relu}, {"flat"});
  g.add("flat2", Flatten{}, {"cat2"});
  g.add("cat3", Concat{}, {"flat_relu", "flat2"});
  g.add("leaky", Activation{ActivationKind::leaky_relu}, {"cat3"});
  g.add("fc1", LinearOptions{48, 12}, {"leaky"});
  g.add("bn1", BatchNorm{12}, {"fc1"});
  g.add("hardswish", Activation{ActivationKind::hardswish}, {"bn1"});
  g.add("drop1", Dropout{0.5}, {"hardswish"});
  g.add("ln1", LayerNorm{{12}}, {"drop1"});
  g.add("tanh", Activation{ActivationKind::tanh}, {"ln1"});
  g.add("tanh_relu", Activation{ActivationKind::relu}, {"tanh"});
  g.add("fc2", LinearOptions{12, 6, false}, {"tanh_relu"});
  g.add("sigmoid", Activation{ActivationKind::sigmoid}, {"fc2"});
  g.add("fc3", LinearOptions{6, 5}, {"sigmoid"});
  ShapePass pass(every_operation_input);
  for (const Node& node : g.nodes) pass.add(node);
  g.classes = pass.classes();
  return g;
}

inline Learner learner_of(Graph graph, const FeedbackRule& rule, const ModelOptions& options = {}) {
  auto model = std::make_unique<Model>(std::move(graph), options);
  model->set_feedback(std::vector<FeedbackRule>(model->layers().size(), rule), options.seed);
  auto optimizer = std::make_unique<Sgd>(model->parameters(), std::vector<bool>(model->parameters().size(), true),
                                         SgdOptions{});
  return Learner(std::move(model), std::move(optimizer), CrossEntropy{});
}

}  // namespace signsym
