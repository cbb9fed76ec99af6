#include "models/graph.h"

#include "base/error.h"

namespace signsym {
namespace {

// Parts of letters, digits, _ and - between single dots: what a state dict and a pattern can say.
bool is_name(const std::string& text) {
  char before = '.';
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!letter && (c != '.' || before == '.')) return false;
    before = c;
  }
  return before != '.';
}

bool takes_many(const Operation& operation) {
  return std::holds_alternative<Add>(operation) || std::holds_alternative<Concat>(operation);
}

Error graph_error(const Graph& graph, const std::string& what) {
  return {Status::invalid_argument, "model " + graph.name + ": " + what};
}

}  // namespace

std::string Graph::add(std::string node, Operation operation, std::vector<std::string> inputs) {
  nodes.push_back({std::move(node), std::move(operation), std::move(inputs)});
  return nodes.back().name;
}

int value_of(const Values& before, const std::vector<std::string>& inputs, size_t i) {
  const auto value = before.find(inputs[i]);
  if (value == before.end())
    throw NodeFault{"inputs[" + std::to_string(i) + "]", false,
                    "\"" + inputs[i] + "\" is no node before this one, and not \"input\""};
  return value->second;
}

void check(const Node& node, const Values& before) {
  const auto fail_name = [&](const std::string& why) { throw NodeFault{"name", false, "\"" + node.name + "\" " + why}; };
  if (!is_name(node.name)) fail_name("is no name: letters, digits, _, - and single dots between them are expected");
  if (node.name == "input") fail_name("is the sample; give the node another name");
  // In a checkpoint the optimiser's own tensors begin so.
  if (node.name.rfind("optimizer.", 0) == 0) fail_name("begins like the optimizer's tensors; give the node another name");
  if (before.count(node.name)) fail_name("is the name of an earlier node too; give each its own");
  const size_t count = node.inputs.size();
  const bool many = takes_many(node.operation);
  if (many ? count < 2 : count != 1)
    throw NodeFault{"inputs", false, std::to_string(count) + (count == 1 ? " input" : " inputs") + " found; " +
                                         (many ? "two or more are" : "one is") + " expected by its operation"};
  for (size_t i = 0; i < count; ++i) value_of(before, node.inputs, i);
}

void check(const Graph& graph) {
  if (graph.nodes.empty()) throw graph_error(graph, "it has no node");
  Values values{{"input", 0}};
  for (const Node& node : graph.nodes) {
    try {
      check(node, values);
    } catch (const NodeFault& fault) {
      throw graph_error(graph, "node " + node.name + ": " + fault.field + ": " + fault.why);
    }
    values.emplace(node.name, static_cast<int>(values.size()));
  }
}

Graph with_head(Graph graph, int64_t classes) {
  if (classes < 1) throw graph_error(graph, std::to_string(classes) + " classes: 1 or more are expected");
  LinearOptions* head = graph.nodes.empty() ? nullptr : std::get_if<LinearOptions>(&graph.nodes.back().operation);
  if (!head) throw graph_error(graph, "its last node is no linear layer, so it has no head to replace");
  head->out = classes;
  graph.classes = classes;
  return graph;
}

}  // namespace signsym
