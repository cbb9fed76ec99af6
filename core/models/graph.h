// A model as a value: named nodes with operation, options and inputs. Plain functions return one, or a config has it;
// class Model runs it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "nn/conv2d.h"
#include "nn/linear.h"

namespace signsym {

// Of a sample, without the batch: (C, H, W), or (n).
using Shape = std::vector<int64_t>;

// A depthwise convolution is a Conv2dOptions with as many groups as channels come in.
struct BatchNorm { int64_t channels = 0; double epsilon = 1e-5, momentum = 0.1; };  // also of (n): n channels
struct GroupNorm { int64_t groups = 1, channels = 0; double epsilon = 1e-5; };
struct LayerNorm { Shape shape; double epsilon = 1e-5; };  // over the whole sample
enum class ActivationKind { relu, tanh, sigmoid, relu6, leaky_relu, gelu, silu, hardswish };
struct Activation { ActivationKind kind = ActivationKind::relu; };
struct MaxPool2d { std::array<int64_t, 2> kernel{2, 2}, stride{2, 2}, padding{0, 0}; };
struct AveragePool2d { std::array<int64_t, 2> kernel{2, 2}, stride{2, 2}, padding{0, 0}; };  // the padding counts
struct GlobalAveragePool {};  // (C, H, W) → (C, 1, 1)
struct Add {};                // of two or more inputs of one shape
struct Concat {};             // of two or more inputs, by channel
struct Dropout { double probability = 0.5; };
struct Flatten {};            // (C, H, W) → (n), in that order

using Operation = std::variant<Conv2dOptions, LinearOptions, BatchNorm, GroupNorm, LayerNorm, Activation, MaxPool2d,
                               AveragePool2d, GlobalAveragePool, Add, Concat, Dropout, Flatten>;

struct Node {
  std::string name;
  Operation operation;
  std::vector<std::string> inputs;  // names of nodes before this one, or "input"
};

// In the order in which they run; the last node's output is the model's. Its order is also the state dict's.
struct Graph {
  std::string name;
  std::vector<Node> nodes;
  int64_t classes = 0;  // values that the last node gives a sample: of the shape pass (models/shape.h); 0 before it

  // Adds a node and returns its name, the next one's input.
  std::string add(std::string node, Operation operation, std::vector<std::string> inputs);
};

inline Shape weight_shape(const Conv2dOptions& o) { return {o.out, o.in / o.groups, o.kernel[0], o.kernel[1]}; }
inline Shape weight_shape(const LinearOptions& o) { return {o.out, o.in}; }

// Why a node cannot be: thrown by what checks a graph, an Error with the place of the node when it leaves.
struct NodeFault {
  std::string field;  // "name", "inputs[1]", or an option of the operation: "groups"
  bool of_operation;  // the latter
  std::string why;
};

// The values that a graph has so far: "input" is 0, node i gives i + 1.
using Values = std::unordered_map<std::string, int>;

// Of inputs[i]. Faults: no value has that name.
int value_of(const Values& before, const std::vector<std::string>& inputs, size_t i);
// Faults: no name of its own, an unknown or later input, a wrong number of inputs.
void check(const Node& node, const Values& before);
// Errors: invalid_argument for a node with a fault.
void check(const Graph& graph);

// The graph with another number of classes: its last node, a linear layer, gets so many outputs. Errors:
// invalid_argument where the last node is no linear layer, or classes < 1.
Graph with_head(Graph graph, int64_t classes);

enum class Initialization { pytorch, kaiming_normal, xavier_uniform };

}  // namespace signsym
