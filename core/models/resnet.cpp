#include "models/resnet.h"

#include <array>

#include "base/error.h"

namespace signsym {
namespace {

Conv2dOptions convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  const int64_t padding = kernel / 2;
  return {in, out, {kernel, kernel}, {stride, stride}, {padding, padding}, {1, 1}, 1, /*bias=*/false};
}

const Activation relu{ActivationKind::relu};

struct Builder {
  Graph g;
  std::string x = "input";
  int64_t channels = 0;

  void convolve(const std::string& conv, const std::string& norm, int64_t out, int64_t kernel, int64_t stride) {
    x = g.add(conv, convolution(channels, out, kernel, stride), {x});
    x = g.add(norm, BatchNorm{out}, {x});
    channels = out;
  }
  void activate(const std::string& name) { x = g.add(name, relu, {x}); }

  // The residual: what `branch` makes of x, plus x itself or its projection to the branch's shape.
  template <typename Branch>
  void residual(const std::string& name, int64_t out, int64_t stride, Branch branch) {
    const std::string identity = x;
    const int64_t in = channels;
    branch();
    const std::string transformed = x;
    x = identity;
    channels = in;
    if (stride != 1 || in != out) convolve(name + ".downsample.0", name + ".downsample.1", out, 1, stride);
    x = g.add(name + ".add", Add{}, {transformed, x});
    activate(name + ".relu");
  }

  void basic_block(const std::string& name, int64_t width, int64_t stride) {
    residual(name, width, stride, [&] {
      convolve(name + ".conv1", name + ".bn1", width, 3, stride);
      activate(name + ".relu1");
      convolve(name + ".conv2", name + ".bn2", width, 3, 1);
    });
  }

  void bottleneck(const std::string& name, int64_t width, int64_t stride) {
    residual(name, 4 * width, stride, [&] {
      convolve(name + ".conv1", name + ".bn1", width, 1, 1);
      activate(name + ".relu1");
      convolve(name + ".conv2", name + ".bn2", width, 3, stride);
      activate(name + ".relu2");
      convolve(name + ".conv3", name + ".bn3", 4 * width, 1, 1);
    });
  }

  // Stages of blocks, each but the first halving the picture and doubling the channels; then the classifier.
  template <typename Block>
  Graph finish(const std::vector<int>& blocks, int64_t width, int64_t classes, Block block) {
    for (size_t stage = 0; stage < blocks.size(); ++stage)
      for (int i = 0; i < blocks[stage]; ++i)
        block("layer" + std::to_string(stage + 1) + "." + std::to_string(i), width << stage,
              stage > 0 && i == 0 ? 2 : 1);
    x = g.add("avgpool", GlobalAveragePool{}, {x});
    x = g.add("flatten", Flatten{}, {x});
    g.add("fc", LinearOptions{channels, classes}, {x});
    return std::move(g);
  }
};

}  // namespace

Graph resnet(int depth, Stem stem, int64_t channels, int64_t classes, int64_t width) {
  struct Form { int depth; std::vector<int> blocks; bool bottleneck; };
  static const std::array<Form, 5> forms{{{18, {2, 2, 2, 2}, false}, {34, {3, 4, 6, 3}, false},
                                          {50, {3, 4, 6, 3}, true}, {101, {3, 4, 23, 3}, true},
                                          {152, {3, 8, 36, 3}, true}}};
  for (const Form& form : forms) {
    if (form.depth != depth) continue;
    Builder b{{"resnet" + std::to_string(depth), {}}};
    b.channels = channels;
    const bool imagenet = stem == Stem::imagenet;
    b.convolve("conv1", "bn1", width, imagenet ? 7 : 3, imagenet ? 2 : 1);
    b.activate("relu");
    if (imagenet) b.x = b.g.add("maxpool", MaxPool2d{{3, 3}, {2, 2}, {1, 1}}, {b.x});
    return b.finish(form.blocks, width, classes, [&](const std::string& name, int64_t planes, int64_t stride) {
      form.bottleneck ? b.bottleneck(name, planes, stride) : b.basic_block(name, planes, stride);
    });
  }
  throw Error(Status::invalid_config,
              "model.resnet.depth: " + std::to_string(depth) + "; 18, 34, 50, 101 or 152 is expected",
              "model.resnet.depth");
}

Graph resnet_cifar(int depth, int64_t channels, int64_t classes, int64_t width) {
  if (depth < 8 || (depth - 2) % 6 != 0)
    throw Error(Status::invalid_config,
                "model.resnet_cifar.depth: " + std::to_string(depth) + "; 6n + 2 is expected: 8, 14, 20, 32, 44, 56, …",
                "model.resnet_cifar.depth");
  const int n = (depth - 2) / 6;
  Builder b{{"resnet_cifar" + std::to_string(depth), {}}};
  b.channels = channels;
  b.convolve("conv1", "bn1", width, 3, 1);
  b.activate("relu");
  return b.finish({n, n, n}, width, classes,
                  [&](const std::string& name, int64_t planes, int64_t stride) { b.basic_block(name, planes, stride); });
}

}  // namespace signsym
