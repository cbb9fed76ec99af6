// Graphs from a config.
#include "base/error.h"
#include "models/shape.h"
#include "train/factory.h"

namespace signsym {
namespace {

using Sizes = google::protobuf::RepeatedField<int64_t>;

// One number for both directions, or two.
std::array<int64_t, 2> both(const Sizes& sizes) { return {sizes.Get(0), sizes.Get(sizes.size() - 1)}; }

template <typename Pool>
Pool pool(const v1::Pool& o) {
  return {both(o.kernel()), both(o.stride()), both(o.padding())};
}

// `in`: what the node's first input gives.
Operation operation_of(const v1::Node& node, const Shape& in) {
  const int64_t channels = in[0];
  switch (node.operation_case()) {
    case v1::Node::kConvolution: {
      const v1::Convolution& o = node.convolution();
      return Conv2dOptions{channels, o.out(), both(o.kernel()), both(o.stride()), both(o.padding()), both(o.dilation()),
                           o.groups(), o.bias()};
    }
    case v1::Node::kDepthwise: {
      const v1::DepthwiseConvolution& o = node.depthwise();
      return Conv2dOptions{channels, channels * o.multiplier(), both(o.kernel()), both(o.stride()), both(o.padding()),
                           both(o.dilation()), channels, o.bias()};
    }
    case v1::Node::kLinear:
      if (!node.linear().has_out())
        throw NodeFault{"out", true, "is missing: the last node alone takes the data set's classes"};
      return LinearOptions{channels, node.linear().out(), node.linear().bias()};
    case v1::Node::kBatchNorm: return BatchNorm{channels, node.batch_norm().epsilon(), node.batch_norm().momentum()};
    case v1::Node::kGroupNorm: return GroupNorm{node.group_norm().groups(), channels, node.group_norm().epsilon()};
    case v1::Node::kLayerNorm: return LayerNorm{in, node.layer_norm().epsilon()};
    case v1::Node::kActivation: return Activation{activation_kind(node.activation())};
    case v1::Node::kMaxPool: return pool<MaxPool2d>(node.max_pool());
    case v1::Node::kAveragePool: return pool<AveragePool2d>(node.average_pool());
    case v1::Node::kGlobalAveragePool: return GlobalAveragePool{};
    case v1::Node::kAdd: return Add{};
    case v1::Node::kConcat: return Concat{};
    case v1::Node::kDropout: return Dropout{node.dropout().probability()};
    case v1::Node::kFlatten: return Flatten{};
    case v1::Node::OPERATION_NOT_SET: break;
  }
  throw Error(Status::internal, "a node without an operation came to the factory");
}

std::string path_of(int node) { return "model.graph.nodes[" + std::to_string(node) + "]"; }

// "convolution", as the schema has it.
std::string operation_name(const v1::Node& node) {
  return v1::Node::descriptor()->FindFieldByNumber(node.operation_case())->name();
}

Error located(const NodeFault& fault, int index, const v1::Node& node) {
  std::string path = path_of(index);
  if (fault.of_operation) path += "." + operation_name(node);
  if (!fault.field.empty()) path += "." + fault.field;
  return config_error(path, fault.why);
}

}  // namespace

Graph make_graph(const v1::Graph& config, const Shape& input) {
  ShapePass pass(input);
  Graph graph{"graph", {}};
  bool learns = false;
  const int count = config.nodes_size();
  for (int i = 0; i < count; ++i) {
    const v1::Node& message = config.nodes(i);
    try {
      Node node{message.name(), {}, {message.inputs().begin(), message.inputs().end()}};
      node.operation = operation_of(message, pass.shapes_of(node.inputs)[0]);
      pass.add(node);
      graph.nodes.push_back(std::move(node));
    } catch (const NodeFault& fault) {
      throw located(fault, i, message);
    }
    learns = learns || message.has_convolution() || message.has_depthwise() || message.has_linear();
  }
  if (const int64_t unread = pass.unread(); unread >= 0)
    throw config_error(path_of(unread), "no node reads \"" + config.nodes(unread).name() + "\", and it is not the last, "
                                        "whose output is the logits: name it in a node's inputs, or leave it out");
  if (!learns) throw config_error("model.graph", "has no convolution and no linear layer, so that nothing would learn");
  try {
    graph.classes = pass.classes();
  } catch (const NodeFault& fault) {
    throw located(fault, count - 1, config.nodes(count - 1));
  }
  return graph;
}

}  // namespace signsym
