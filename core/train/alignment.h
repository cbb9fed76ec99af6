// How well the feedback weights fit the weights.
#pragma once

#include <string>
#include <vector>

#include "models/model.h"

namespace signsym {

struct LayerAlignment {
  std::string layer;
  double angle = 0;       // degrees between B and W as vectors: 0 is backprop, 90 no relation
  double norm_ratio = 1;  // ‖B‖/‖W‖
};

// The angle between two tensors of one shape, in degrees, computed in double; NaN where one of them is 0.
double angle_between(const at::Tensor& a, const at::Tensor& b);

// Of one layer, of B as it would be made of the weights as they are.
LayerAlignment measure_alignment(const FeedbackLayer& layer);
// Of each layer, in the model's order.
std::vector<LayerAlignment> measure_alignment(const Model& model);

}  // namespace signsym
