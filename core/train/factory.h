// From config messages to values and objects. Messages stop here: nothing below knows Protobuf.
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "models/model.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "train/loss.h"

namespace signsym {

// All take messages as resolved. Errors: invalid_config with the field's path, and those of what they make.
std::shared_ptr<const Dataset> make_dataset(const v1::Data& config, Split split);
// The parts of a run's data: what is held out is the test set, or is drawn from the training set by class and seed.
struct DataParts {
  std::shared_ptr<const Dataset> training, held_out;
};
DataParts open_parts(const v1::Data& config, uint64_t seed);
std::vector<Transform> make_transforms(const v1::Data& config);
Graph make_graph(const v1::Model& config, SampleShape shape, int64_t classes);
Initialization make_initialization(const v1::Model& config);
// One rule for each of the model's layers, overrides applied.
std::vector<FeedbackRule> make_feedback_rules(const v1::Feedback& config, const std::vector<FeedbackLayer>& layers);
std::unique_ptr<Sgd> make_optimizer(const v1::Optimizer& config, const Model& model);
Schedule make_schedule(const v1::Schedule& config);
Loss make_loss(const v1::Loss& config);

// Writes out what only data and machine decide: classes, mean and std, initialization, device, precision, format.
// Errors: unsupported (CUDA where there is none).
void complete(v1::Experiment& experiment, const Dataset& dataset);

}  // namespace signsym
