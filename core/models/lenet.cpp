#include "models/lenet.h"

#include "base/error.h"

namespace signsym {

Graph lenet(int64_t channels, int64_t height, int64_t width, int64_t filters, int64_t classes,
            ActivationKind activation) {
  if (height < 12 || width < 12)
    throw Error(Status::invalid_config,
                "model.lenet: pictures of " + std::to_string(height) + " × " + std::to_string(width) +
                    " are too small; at least 12 × 12 is expected",
                "model.lenet");
  const int64_t padding = height < 32 || width < 32 ? 2 : 0;
  const auto reduced = [&](int64_t size) { return ((size + 2 * padding - 4) / 2 - 4) / 2; };
  const int64_t conv2 = (16 * filters + 3) / 6, fc1 = 20 * filters, fc2 = 14 * filters;
  const Activation f{activation};

  Graph g{"lenet", {}};
  std::string x = g.add("conv1", Conv2dOptions{channels, filters, {5, 5}, {1, 1}, {padding, padding}}, {"input"});
  x = g.add("pool1", MaxPool2d{}, {g.add("act1", f, {x})});
  x = g.add("conv2", Conv2dOptions{filters, conv2, {5, 5}}, {x});
  x = g.add("pool2", MaxPool2d{}, {g.add("act2", f, {x})});
  x = g.add("flatten", Flatten{}, {x});
  x = g.add("fc1", LinearOptions{conv2 * reduced(height) * reduced(width), fc1}, {x});
  x = g.add("fc2", LinearOptions{fc1, fc2}, {g.add("act3", f, {x})});
  g.add("fc3", LinearOptions{fc2, classes}, {g.add("act4", f, {x})});
  return g;
}

}  // namespace signsym
