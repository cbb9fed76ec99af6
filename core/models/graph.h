// A model as a value: named nodes with operation, options and inputs. Plain functions return one; class Model runs it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nn/conv2d.h"
#include "nn/linear.h"

namespace signsym {

struct BatchNorm2d {
  int64_t channels = 0;
  double epsilon = 1e-5;
  double momentum = 0.1;
};
enum class ActivationKind { relu, tanh, sigmoid };
struct Activation { ActivationKind kind = ActivationKind::relu; };
struct MaxPool2d { int64_t kernel = 2, stride = 2, padding = 0; };
struct GlobalAveragePool {};  // (N, C, H, W) → (N, C, 1, 1)
struct Add {};                // of two inputs
struct Flatten {};            // (N, …) → (N, n), in NCHW order

using Operation = std::variant<Conv2dOptions, LinearOptions, BatchNorm2d, Activation, MaxPool2d, GlobalAveragePool, Add,
                               Flatten>;

struct Node {
  std::string name;
  Operation operation;
  std::vector<std::string> inputs;  // names of nodes before this one, or "input"
};

// In the order in which they run; the last node's output is the model's. Its order is also the state dict's.
struct Graph {
  std::string name;
  std::vector<Node> nodes;

  // Adds a node and returns its name, the next one's input.
  std::string add(std::string node, Operation operation, std::vector<std::string> inputs);
};

// Errors: invalid_argument for a node without a name of its own, an unknown or later input, a wrong number of inputs.
void check(const Graph& graph);

// The graph with another number of classes: its last node, a linear layer, gets so many outputs. Errors:
// invalid_argument where the last node is no linear layer, or classes < 1.
Graph with_head(Graph graph, int64_t classes);

enum class Initialization { pytorch, kaiming_normal, xavier_uniform };

}  // namespace signsym
