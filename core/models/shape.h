// The shape pass: what each node of a graph gives for one sample.
#pragma once

#include <string>
#include <vector>

#include "models/graph.h"

namespace signsym {

std::string in_words(const Shape& shape);  // "16 × 8 × 8"
int64_t values_of(const Shape& shape);     // their product; INT64_MAX where that is more

// Of all convolutions and linear layers; INT64_MAX where that is more.
int64_t weight_count(const Graph& graph);

// Node after node, so that options that follow from what comes in can be read off before a node is added.
class ShapePass {
 public:
  explicit ShapePass(Shape input);

  // Of what is named. Faults: an unknown name, no name at all.
  std::vector<Shape> shapes_of(const std::vector<std::string>& inputs) const;
  // Faults: those of check(node), and shapes or options that do not go together.
  void add(const Node& node);
  // After the last node: the classes. Faults: the last node gives no vector of two or more values.
  int64_t classes() const;
  // Index of a node that no other reads, and that is not the last; −1: there is none.
  int64_t unread() const;

 private:
  Values values_{{"input", 0}};
  std::vector<Shape> shapes_;  // of the values
  std::vector<bool> read_;
  std::string last_;
};

}  // namespace signsym
