#include "models/graph.h"

#include <set>

#include "base/error.h"

namespace signsym {

std::string Graph::add(std::string node, Operation operation, std::vector<std::string> inputs) {
  nodes.push_back({std::move(node), std::move(operation), std::move(inputs)});
  return nodes.back().name;
}

void check(const Graph& graph) {
  const auto fail = [&](const std::string& what) {
    throw Error(Status::invalid_argument, "model " + graph.name + ": " + what);
  };
  if (graph.nodes.empty()) fail("it has no node");
  std::set<std::string> known{"input"};
  for (const Node& node : graph.nodes) {
    if (node.name.empty()) fail("a node has no name");
    const size_t wanted = std::holds_alternative<Add>(node.operation) ? 2 : 1;
    if (node.inputs.size() != wanted)
      fail("node " + node.name + " has " + std::to_string(node.inputs.size()) + " inputs; its operation takes " +
           std::to_string(wanted));
    for (const std::string& input : node.inputs)
      if (!known.count(input)) fail("node " + node.name + " takes " + input + ", which no node before it is named");
    if (!known.insert(node.name).second) fail("two nodes are named " + node.name);
  }
}

Graph with_head(Graph graph, int64_t classes) {
  const auto fail = [&](const std::string& what) {
    throw Error(Status::invalid_argument, "model " + graph.name + ": " + what);
  };
  if (classes < 1) fail(std::to_string(classes) + " classes: 1 or more are expected");
  LinearOptions* head = graph.nodes.empty() ? nullptr : std::get_if<LinearOptions>(&graph.nodes.back().operation);
  if (!head) fail("its last node is no linear layer, so it has no head to replace");
  head->out = classes;
  return graph;
}

}  // namespace signsym
