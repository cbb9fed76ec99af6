#include "models/mlp.h"

namespace signsym {

Graph mlp(int64_t inputs, const std::vector<int64_t>& hidden, int64_t classes, ActivationKind activation) {
  Graph g{"mlp", {}};
  std::string x = g.add("flatten", Flatten{}, {"input"});
  int64_t in = inputs;
  for (size_t i = 0; i < hidden.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    x = g.add("fc" + number, LinearOptions{in, hidden[i]}, {x});
    x = g.add("act" + number, Activation{activation}, {x});
    in = hidden[i];
  }
  g.add("fc" + std::to_string(hidden.size() + 1), LinearOptions{in, classes}, {x});
  return g;
}

}  // namespace signsym
