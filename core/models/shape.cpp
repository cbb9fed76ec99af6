#include "models/shape.h"

#include <algorithm>
#include <limits>

namespace signsym {
namespace {

// The numbers that one stream of random ones has (base/random.h).
constexpr int64_t most = int64_t{1} << 34;

using Sizes = std::array<int64_t, 2>;

[[noreturn]] void fail_option(const char* option, const std::string& why) { throw NodeFault{option, true, why}; }

[[noreturn]] void fail_input(size_t i, const std::string& why) {
  throw NodeFault{"inputs[" + std::to_string(i) + "]", false, why};
}

std::string in_words(const Sizes& sizes) { return std::to_string(sizes[0]) + " × " + std::to_string(sizes[1]); }

bool is_picture(const Shape& shape) { return shape.size() == 3; }

// Of a node's operation: the shape that it gives.
struct OutputShape {
  const Node& node;
  const std::vector<Shape>& in;

  const Shape& picture() const {
    if (!is_picture(in[0]))
      fail_input(0, node.inputs[0] + " gives a vector of " + signsym::in_words(in[0]) + "; a picture of channels × height "
                                                                                       "× width is expected");
    return in[0];
  }

  void check_weight(const Shape& shape) const {
    if (values_of(shape) > most)
      fail_option("out", "a weight of " + signsym::in_words(shape) + " has more than 2^34 numbers; make the layer smaller");
  }

  // Height and width after a kernel has gone over a picture.
  Shape slide(int64_t channels, const Sizes& kernel, const Sizes& stride, const Sizes& padding, const Sizes& dilation) const {
    const Shape& x = picture();
    Shape out{channels, 0, 0};
    for (int d = 0; d < 2; ++d) {
      const int64_t reach = dilation[d] * (kernel[d] - 1) + 1, padded = x[d + 1] + 2 * padding[d];
      if (reach > padded)
        fail_option("kernel", in_words(kernel) + (dilation == Sizes{1, 1} ? "" : " with a dilation of " + in_words(dilation)) +
                                  " is larger than the padded picture, which is " +
                                  in_words(Sizes{x[1] + 2 * padding[0], x[2] + 2 * padding[1]}) +
                                  ": make it smaller, pad more, or shrink the picture less before");
      out[d + 1] = (padded - reach) / stride[d] + 1;
    }
    return out;
  }

  template <typename Pool>
  Shape pool(const Pool& o) const {
    for (int d = 0; d < 2; ++d)
      if (2 * o.padding[d] > o.kernel[d])
        fail_option("padding", in_words(o.padding) + " is more than half the kernel, which is " + in_words(o.kernel));
    return slide(picture()[0], o.kernel, o.stride, o.padding, {1, 1});
  }

  void check_channels(const char* option, int64_t channels) const {
    if (channels != in[0][0])
      fail_option(option, std::to_string(channels) + " found; " + node.inputs[0] + " gives " + std::to_string(in[0][0]));
  }

  Shape operator()(const Conv2dOptions& o) const {
    const int64_t channels = picture()[0];
    check_channels("in", o.in);
    if (channels % o.groups != 0)
      fail_option("groups", std::to_string(o.groups) + " does not divide the " + std::to_string(channels) +
                                " channels that come in");
    if (o.out % o.groups != 0)
      fail_option("groups", std::to_string(o.groups) + " does not divide the " + std::to_string(o.out) + " channels of out");
    check_weight(weight_shape(o));
    return slide(o.out, o.kernel, o.stride, o.padding, o.dilation);
  }
  Shape operator()(const LinearOptions& o) const {
    if (is_picture(in[0]))
      fail_input(0, node.inputs[0] + " gives a picture of " + signsym::in_words(in[0]) +
                        "; a linear layer takes a vector: put a flatten before it");
    check_channels("in", o.in);
    check_weight(weight_shape(o));
    return {o.out};
  }
  Shape operator()(const BatchNorm& o) const {
    check_channels("channels", o.channels);
    return in[0];
  }
  Shape operator()(const GroupNorm& o) const {
    check_channels("channels", o.channels);
    if (in[0][0] % o.groups != 0)
      fail_option("groups", std::to_string(o.groups) + " does not divide the " + std::to_string(in[0][0]) +
                                " channels that come in");
    return in[0];
  }
  Shape operator()(const LayerNorm& o) const {
    if (o.shape != in[0])
      fail_option("shape", signsym::in_words(o.shape) + " found; " + node.inputs[0] + " gives " + signsym::in_words(in[0]));
    return in[0];
  }
  Shape operator()(const Activation&) const { return in[0]; }
  Shape operator()(const MaxPool2d& o) const { return pool(o); }
  Shape operator()(const AveragePool2d& o) const { return pool(o); }
  Shape operator()(const GlobalAveragePool&) const { return {picture()[0], 1, 1}; }
  Shape operator()(const Add&) const {
    for (size_t i = 1; i < in.size(); ++i)
      if (in[i] != in[0])
        fail_input(i, node.inputs[i] + " gives " + signsym::in_words(in[i]) + ", but " + node.inputs[0] + " " +
                          signsym::in_words(in[0]) + "; add takes equal shapes");
    return in[0];
  }
  Shape operator()(const Concat&) const {
    Shape out = in[0];
    for (size_t i = 1; i < in.size(); ++i) {
      if (in[i].size() != out.size() || !std::equal(out.begin() + 1, out.end(), in[i].begin() + 1))
        fail_input(i, node.inputs[i] + " gives " + signsym::in_words(in[i]) + ", but " + node.inputs[0] + " " +
                          signsym::in_words(in[0]) + "; concat takes equal heights and widths");
      out[0] += in[i][0];
    }
    return out;
  }
  Shape operator()(const Dropout&) const { return in[0]; }
  Shape operator()(const Flatten&) const { return {values_of(in[0])}; }
};

}  // namespace

std::string in_words(const Shape& shape) {
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
  return text;
}

int64_t values_of(const Shape& shape) {
  int64_t product = 1;
  for (const int64_t size : shape)
    if (__builtin_mul_overflow(product, size, &product)) return std::numeric_limits<int64_t>::max();
  return product;
}

int64_t weight_count(const Graph& graph) {
  int64_t count = 0;
  for (const Node& node : graph.nodes) {
    int64_t weight = 0;
    if (const auto* conv = std::get_if<Conv2dOptions>(&node.operation)) weight = values_of(weight_shape(*conv));
    if (const auto* linear = std::get_if<LinearOptions>(&node.operation)) weight = values_of(weight_shape(*linear));
    if (__builtin_add_overflow(count, weight, &count)) return std::numeric_limits<int64_t>::max();
  }
  return count;
}

ShapePass::ShapePass(Shape input) : shapes_{std::move(input)}, read_{true} {}

std::vector<Shape> ShapePass::shapes_of(const std::vector<std::string>& inputs) const {
  if (inputs.empty()) throw NodeFault{"inputs", false, "0 inputs found; one or more are expected"};
  std::vector<Shape> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) shapes.push_back(shapes_[value_of(values_, inputs, i)]);
  return shapes;
}

void ShapePass::add(const Node& node) {
  check(node, values_);
  Shape shape = std::visit(OutputShape{node, shapes_of(node.inputs)}, node.operation);
  if (values_of(shape) > most)
    throw NodeFault{"", true, "gives " + in_words(shape) + " values a sample, more than 2^34: make it smaller"};
  for (const std::string& input : node.inputs) read_[values_.at(input)] = true;
  values_.emplace(node.name, static_cast<int>(shapes_.size()));
  shapes_.push_back(std::move(shape));
  read_.push_back(false);
  last_ = node.name;
}

int64_t ShapePass::classes() const {
  const Shape& shape = shapes_.back();
  if (is_picture(shape) || shape[0] < 2)
    throw NodeFault{"", false, last_ + " gives " + in_words(shape) + "; the last node's output is the logits: a vector of "
                                       "a value for each of 2 or more classes, as a linear layer or a flatten gives"};
  return shape[0];
}

int64_t ShapePass::unread() const {
  for (size_t i = 1; i + 1 < read_.size(); ++i)
    if (!read_[i]) return static_cast<int64_t>(i) - 1;
  return -1;
}

}  // namespace signsym
