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

// All take messages as completed (see below). Errors: invalid_config with the field's path, and those of what they make.
std::shared_ptr<const Dataset> make_dataset(const v1::Data& config, Split split);
// The parts of a run's data: what is held out is the test set, or is drawn from the training set by class and seed.
struct DataParts {
  std::shared_ptr<const Dataset> training, held_out;
};
DataParts open_parts(const v1::Data& config, uint64_t seed);
// The second of the two, of a training set that is there.
DataParts split_parts(std::shared_ptr<const Dataset> training, const v1::Data& config, uint64_t seed);
Layout layout_of(const v1::Compute& config);
std::vector<Transform> make_transforms(const v1::Data& config);
Graph make_graph(const v1::Model& config);
Graph make_graph(const v1::Graph& config, const Shape& input);
ActivationKind activation_kind(v1::Activation activation);
Initialization make_initialization(const v1::Model& config);
// One rule for each of the model's layers, overrides applied.
std::vector<FeedbackRule> make_feedback_rules(const v1::Feedback& config, const std::vector<FeedbackLayer>& layers);
// What `freeze` names learns no more. To be called before make_optimizer.
void freeze_parameters(const v1::Optimizer& config, Model& model);
std::unique_ptr<Sgd> make_optimizer(const v1::Optimizer& config, const Model& model);
Schedule make_schedule(const v1::Schedule& config);
Loss make_loss(const v1::Loss& config);

// Writes out in a resolved config what only data and machine decide: input, classes, mean and std, device, precision,
// format. `dataset`: nullptr where the application gives the data, so that the config must say what is known of them.
// Errors: unsupported (CUDA where there is none).
void complete(v1::Experiment& experiment, const Dataset* dataset);
// Of the model alone.
void complete(v1::Model& model, const Dataset* dataset);
// What with_head() (models/graph.h) does to the model's config; nothing where the model has no head.
void set_classes(v1::Model& model, int64_t classes);

}  // namespace signsym
