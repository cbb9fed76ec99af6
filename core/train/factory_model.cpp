// Models from a config.
#include "base/error.h"
#include "models/lenet.h"
#include "models/mlp.h"
#include "models/resnet.h"
#include "train/factory.h"

namespace signsym {
namespace {

ActivationKind activation_kind(v1::Activation activation) {
  switch (activation) {
    case v1::TANH: return ActivationKind::tanh;
    case v1::SIGMOID: return ActivationKind::sigmoid;
    default: return ActivationKind::relu;
  }
}

// Calls f(path, message) with the message whose `classes` says how many the model tells apart.
template <typename F>
void with_classes(v1::Model& model, F f) {
  switch (model.kind_case()) {
    case v1::Model::kLenet: return f("model.lenet.classes", *model.mutable_lenet());
    case v1::Model::kMlp: return f("model.mlp.classes", *model.mutable_mlp());
    case v1::Model::kResnet: return f("model.resnet.classes", *model.mutable_resnet());
    case v1::Model::kResnetCifar: return f("model.resnet_cifar.classes", *model.mutable_resnet_cifar());
    case v1::Model::KIND_NOT_SET: return;
  }
}

std::string in_words(const v1::Shape& shape) {
  return std::to_string(shape.channels()) + " × " + std::to_string(shape.height()) + " × " +
         std::to_string(shape.width());
}

v1::Shape message_of(SampleShape shape) {
  v1::Shape message;
  message.set_channels(shape.channels);
  message.set_height(shape.height);
  message.set_width(shape.width);
  return message;
}

}  // namespace

void complete(v1::Model& model, const Dataset* dataset) {
  if (dataset) {
    const v1::Shape found = message_of(dataset->shape());
    if (!model.has_input()) *model.mutable_input() = found;
    if (in_words(model.input()) != in_words(found))
      throw config_error("model.input", in_words(model.input()) + " (channels, height, width) was found, but the samples "
                                        "of the data set are " + in_words(found) + ": leave it out, or use other data");
  } else if (!model.has_input()) {
    throw config_error("model.input", "is missing: the application gives the data, so that the shape of a sample is to "
                                      "be said here, as in input { channels: 3 height: 32 width: 32 }");
  }
  with_classes(model, [&](const char* path, auto& kind) {
    if (!kind.has_classes()) {
      if (!dataset) throw config_error(path, "is missing: the application gives the data, so that it is to be said here");
      kind.set_classes(dataset->classes());
    }
    if (dataset && kind.classes() < dataset->classes())
      throw config_error(path, std::to_string(kind.classes()) + " is fewer than the data set's " +
                                   std::to_string(dataset->classes()));
  });
}

void set_classes(v1::Model& model, int64_t classes) {
  with_classes(model, [&](const char*, auto& kind) { kind.set_classes(classes); });
}

Graph make_graph(const v1::Model& config) {
  const v1::Shape& input = config.input();
  switch (config.kind_case()) {
    case v1::Model::kLenet:
      return lenet(input.channels(), input.height(), input.width(), config.lenet().classes(),
                   activation_kind(config.lenet().activation()));
    case v1::Model::kMlp:
      return mlp(input.channels() * input.height() * input.width(),
                 {config.mlp().hidden().begin(), config.mlp().hidden().end()}, config.mlp().classes(),
                 activation_kind(config.mlp().activation()));
    case v1::Model::kResnet:
      return resnet(config.resnet().depth(), config.resnet().stem() == v1::IMAGENET ? Stem::imagenet : Stem::cifar,
                    input.channels(), config.resnet().classes(), config.resnet().width());
    case v1::Model::kResnetCifar:
      return resnet_cifar(config.resnet_cifar().depth(), input.channels(), config.resnet_cifar().classes(),
                          config.resnet_cifar().width());
    case v1::Model::KIND_NOT_SET: break;
  }
  throw Error(Status::internal, "a model without a kind came to the factory");
}

Initialization make_initialization(const v1::Model& config) {
  switch (config.initialization()) {
    case v1::KAIMING_NORMAL: return Initialization::kaiming_normal;
    case v1::XAVIER_UNIFORM: return Initialization::xavier_uniform;
    default: return Initialization::pytorch;
  }
}

}  // namespace signsym
