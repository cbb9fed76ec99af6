#include "config/contradictions.h"

#include <string>
#include <vector>

#include "config/form.h"

namespace signsym {
namespace {

std::string element(const std::string& path, int index) { return path + "[" + std::to_string(index) + "]"; }

void refuse_if(bool contradiction, const std::string& path, const std::string& why) {
  if (contradiction) throw Fault{path, why};
}

void check_data(const v1::Data& data) {
  refuse_if(data.held_out() == v1::TEST && data.has_validation_fraction(), "data.validation_fraction",
            "nothing is held out of the training set with data.held_out TEST; set data.held_out to VALIDATION, or "
            "leave this out");
  for (int i = 0; i < data.transform_size(); ++i) {
    const v1::Normalize& normalize = data.transform(i).normalize();
    refuse_if(normalize.mean_size() != normalize.std_size(), element("data.transform", i) + ".normalize",
              "has " + std::to_string(normalize.mean_size()) + " mean and " + std::to_string(normalize.std_size()) +
                  " std; set one of each for a channel, or none of both for the data set's own");
  }
}

using Sizes = google::protobuf::RepeatedField<int64_t>;

void check_sizes(const std::string& path, const Sizes& sizes) {
  refuse_if(sizes.size() > 2, path, "has " + std::to_string(sizes.size()) + " numbers; one for both directions, or two, "
                                    "of height and width, are expected");
}

template <typename Window>  // a convolution or a pool
void check_window(const std::string& path, const Window& window) {
  check_sizes(path + ".kernel", window.kernel());
  check_sizes(path + ".stride", window.stride());
  check_sizes(path + ".padding", window.padding());
}

// What is wrong without knowing what a sample is.
void check_graph(const v1::Graph& graph) {
  constexpr int most = 4096;
  refuse_if(graph.nodes_size() < 1 || graph.nodes_size() > most, "model.graph.nodes",
            "has " + std::to_string(graph.nodes_size()) + " nodes; 1 to " + std::to_string(most) + " are expected");
  for (int i = 0; i < graph.nodes_size(); ++i) {
    const v1::Node& node = graph.nodes(i);
    const std::string path = element("model.graph.nodes", i);
    if (node.has_convolution()) {
      check_window(path + ".convolution", node.convolution());
      check_sizes(path + ".convolution.dilation", node.convolution().dilation());
    }
    if (node.has_depthwise()) {
      check_window(path + ".depthwise", node.depthwise());
      check_sizes(path + ".depthwise.dilation", node.depthwise().dilation());
    }
    if (node.has_max_pool()) check_window(path + ".max_pool", node.max_pool());
    if (node.has_average_pool()) check_window(path + ".average_pool", node.average_pool());
  }
}

void check_model(const v1::Model& model) {
  const int depth = model.resnet().depth();
  refuse_if(model.has_resnet() && depth != 18 && depth != 34 && depth != 50 && depth != 101 && depth != 152,
            "model.resnet.depth", std::to_string(depth) + " is out of range: one of 18, 34, 50, 101, 152 is expected");
  const int cifar_depth = model.resnet_cifar().depth();
  refuse_if(model.has_resnet_cifar() && cifar_depth % 6 != 2, "model.resnet_cifar.depth",
            std::to_string(cifar_depth) + " is out of range: 6n + 2 (8, 14, 20, 26, 32, …) is expected");
  if (model.has_graph()) check_graph(model.graph());
}

void check_granularity(v1::Granularity granularity, v1::Scale scale, const std::string& path) {
  refuse_if(granularity == v1::OUTPUT_CHANNEL && is_of_whole_weight(scale), path,
            "OUTPUT_CHANNEL needs scale WEIGHT_MEAN or WEIGHT_RMS; " + v1::Scale_Name(scale) +
                " is one number for the whole weight");
}

void check_feedback(const v1::Feedback& feedback) {
  check_granularity(feedback.granularity(), feedback.scale(), "feedback.granularity");
  for (int i = 0; i < feedback.layer_size(); ++i) {
    const v1::LayerFeedback& layer = feedback.layer(i);
    const std::string path = element("feedback.layer", i);
    refuse_if(!layer.has_rule() && !layer.has_scale() && !layer.has_granularity() && !layer.has_distribution() &&
                  !layer.has_sign_of_zero(),
              path, "changes nothing for \"" + layer.name() + "\"; set a rule, scale, granularity, distribution or "
                    "sign_of_zero, or leave it out");
    check_granularity(layer.has_granularity() ? layer.granularity() : feedback.granularity(),
                      layer.has_scale() ? layer.scale() : feedback.scale(),
                      path + (layer.has_granularity() ? ".granularity" : ".scale"));
  }
}

void check_optimizer(const v1::Optimizer& optimizer, const v1::Train& train) {
  refuse_if(optimizer.has_clip_norm() && optimizer.has_clip_value(), "optimizer.clip_value",
            "cannot be set together with optimizer.clip_norm; leave one of them");
  const v1::Sgd& sgd = optimizer.sgd();
  refuse_if(sgd.nesterov() && (sgd.momentum() == 0 || sgd.dampening() != 0), "optimizer.sgd.nesterov",
            "needs momentum > 0 and dampening 0");
  const v1::Schedule& schedule = optimizer.schedule();
  refuse_if(schedule.has_one_cycle() && schedule.warmup_epochs() > 0, "optimizer.schedule.warmup_epochs",
            "cannot be set with one_cycle, whose rise_fraction is a warm-up");
  refuse_if(train.epochs() > 0 && schedule.warmup_epochs() >= static_cast<double>(train.epochs()),
            "optimizer.schedule.warmup_epochs", "leaves no epoch after the warm-up: less than train.epochs, which is " +
                std::to_string(train.epochs()) + ", is expected");
}

// A node reads the one before it, and a pool's stride is its kernel.
void fill_graph(v1::Graph& graph) {
  for (int i = 0; i < graph.nodes_size(); ++i) {
    v1::Node& node = *graph.mutable_nodes(i);
    if (node.inputs_size() == 0) node.add_inputs(i == 0 ? "input" : graph.nodes(i - 1).name());
    v1::Pool* pool = node.has_max_pool()       ? node.mutable_max_pool()
                     : node.has_average_pool() ? node.mutable_average_pool()
                                               : nullptr;
    if (pool && pool->stride_size() == 0) *pool->mutable_stride() = pool->kernel();
  }
}

}  // namespace

bool is_of_whole_weight(v1::Scale scale) { return scale == v1::AUTHORS || scale == v1::XAVIER; }

void fill_dependent_defaults(v1::Experiment* experiment) {
  v1::Data& data = *experiment->mutable_data();
  if (data.held_out() == v1::VALIDATION && !data.has_validation_fraction()) data.set_validation_fraction(0.1);
  v1::Model& model = *experiment->mutable_model();
  const bool is_resnet = model.has_resnet() || model.has_resnet_cifar();
  if (model.has_graph()) fill_graph(*model.mutable_graph());
  if (!model.has_initialization()) model.set_initialization(is_resnet ? v1::KAIMING_NORMAL : v1::PYTORCH);
}

void check_contradictions(const v1::Experiment& experiment) {
  check_data(experiment.data());
  check_model(experiment.model());
  check_feedback(experiment.feedback());
  check_optimizer(experiment.optimizer(), experiment.train());
}

}  // namespace signsym
