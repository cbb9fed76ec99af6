// Models from a config.
#include "base/error.h"
#include "models/lenet.h"
#include "models/mlp.h"
#include "models/resnet.h"
#include "models/shape.h"
#include "train/factory.h"

namespace signsym {
namespace {

// The last node of a graph where it is a linear layer, whose outputs are the classes.
struct Head {
  v1::Linear& linear;

  bool has_classes() const { return linear.has_out(); }
  int64_t classes() const { return linear.out(); }
  void set_classes(int64_t classes) { linear.set_out(classes); }
};

std::string last_node(const v1::Graph& graph) {
  return "model.graph.nodes[" + std::to_string(graph.nodes_size() - 1) + "]";
}

// Calls f(path, message) with the message whose `classes` says how many the model tells apart; not for a graph that
// ends otherwise.
template <typename F>
void with_classes(v1::Model& model, F f) {
  const int last = model.graph().nodes_size() - 1;
  switch (model.kind_case()) {
    case v1::Model::kLenet: return f("model.lenet.classes", *model.mutable_lenet());
    case v1::Model::kMlp: return f("model.mlp.classes", *model.mutable_mlp());
    case v1::Model::kResnet: return f("model.resnet.classes", *model.mutable_resnet());
    case v1::Model::kResnetCifar: return f("model.resnet_cifar.classes", *model.mutable_resnet_cifar());
    case v1::Model::kGraph: {
      if (last < 0 || !model.graph().nodes(last).has_linear()) return;
      Head head{*model.mutable_graph()->mutable_nodes(last)->mutable_linear()};
      return f(last_node(model.graph()) + ".linear.out", head);
    }
    case v1::Model::KIND_NOT_SET: return;
  }
}

std::string in_words(const v1::Shape& shape) {
  return std::to_string(shape.channels()) + " × " + std::to_string(shape.height()) + " × " +
         std::to_string(shape.width());
}

v1::Shape message_of(SampleShape shape) {
  v1::Shape message;
  message.set_channels(shape.channels);
  message.set_height(shape.height);
  message.set_width(shape.width);
  return message;
}

Graph named_graph(const v1::Model& config, const Shape& input) {
  switch (config.kind_case()) {
    case v1::Model::kLenet:
      return lenet(input[0], input[1], input[2], config.lenet().width(), config.lenet().classes(),
                   activation_kind(config.lenet().activation()));
    case v1::Model::kMlp:
      return mlp(values_of(input), {config.mlp().hidden().begin(), config.mlp().hidden().end()}, config.mlp().classes(),
                 activation_kind(config.mlp().activation()));
    case v1::Model::kResnet:
      return resnet(config.resnet().depth(), config.resnet().stem() == v1::IMAGENET ? Stem::imagenet : Stem::cifar,
                    input[0], config.resnet().classes(), config.resnet().width());
    case v1::Model::kResnetCifar:
      return resnet_cifar(config.resnet_cifar().depth(), input[0], config.resnet_cifar().classes(),
                          config.resnet_cifar().width());
    case v1::Model::kGraph:
    case v1::Model::KIND_NOT_SET: break;
  }
  throw Error(Status::internal, "a model without a kind came to the factory");
}

}  // namespace

void complete(v1::Model& model, const Dataset* dataset) {
  if (dataset) {
    const v1::Shape found = message_of(dataset->shape());
    if (!model.has_input()) *model.mutable_input() = found;
    if (in_words(model.input()) != in_words(found))
      throw config_error("model.input", in_words(model.input()) + " (channels, height, width) was found, but the samples "
                                        "of the data set are " + in_words(found) + ": leave it out, or use other data");
  } else if (!model.has_input()) {
    throw config_error("model.input", "is missing: the application gives the data, so that the shape of a sample is to "
                                      "be said here, as in input { channels: 3 height: 32 width: 32 }");
  }
  with_classes(model, [&](const std::string& path, auto& kind) {
    if (!kind.has_classes()) {
      if (!dataset) throw config_error(path, "is missing: the application gives the data, so that it is to be said here");
      kind.set_classes(dataset->classes());
    }
    if (dataset && kind.classes() < dataset->classes())
      throw config_error(path, std::to_string(kind.classes()) + " is fewer than the data set's " +
                                   std::to_string(dataset->classes()));
  });
  if (!model.has_graph()) return;
  const int64_t classes = make_graph(model).classes;
  if (dataset && classes < dataset->classes())
    throw config_error(last_node(model.graph()), "gives " + std::to_string(classes) + " values, fewer than the data set's " +
                                                     std::to_string(dataset->classes()) + " classes");
}

void set_classes(v1::Model& model, int64_t classes) {
  with_classes(model, [&](const std::string&, auto& kind) { kind.set_classes(classes); });
}

Graph make_graph(const v1::Model& config) {
  const Shape input{config.input().channels(), config.input().height(), config.input().width()};
  if (config.has_graph()) return make_graph(config.graph(), input);
  Graph graph = named_graph(config, input);
  const std::string kind = config.GetDescriptor()->FindFieldByNumber(config.kind_case())->name();
  try {
    ShapePass pass(input);
    for (const Node& node : graph.nodes) pass.add(node);
    graph.classes = pass.classes();
  } catch (const NodeFault& fault) {
    throw config_error("model." + kind, "for samples of " + in_words(input) + ": " + fault.why);
  }
  return graph;
}

ActivationKind activation_kind(v1::Activation activation) {
  switch (activation) {
    case v1::TANH: return ActivationKind::tanh;
    case v1::SIGMOID: return ActivationKind::sigmoid;
    case v1::RELU6: return ActivationKind::relu6;
    case v1::LEAKY_RELU: return ActivationKind::leaky_relu;
    case v1::GELU: return ActivationKind::gelu;
    case v1::SILU: return ActivationKind::silu;
    case v1::HARDSWISH: return ActivationKind::hardswish;
    default: return ActivationKind::relu;
  }
}

Initialization make_initialization(const v1::Model& config) {
  switch (config.initialization()) {
    case v1::KAIMING_NORMAL: return Initialization::kaiming_normal;
    case v1::XAVIER_UNIFORM: return Initialization::xavier_uniform;
    default: return Initialization::pytorch;
  }
}

}  // namespace signsym
