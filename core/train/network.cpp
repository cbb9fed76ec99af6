#include "train/network.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "base/error.h"
#include "base/machine.h"
#include "models/shape.h"
#include "train/batch.h"
#include "train/checkpoint.h"
#include "train/factory.h"
#include "train/run_folder.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

ModelOptions options_of(const v1::Experiment& e) {
  ModelOptions options;
  options.device = e.compute().device() == v1::Device::CUDA ? c10::kCUDA : c10::kCPU;
  options.compute_type = e.compute().precision() == v1::Precision::BF16 ? at::kBFloat16 : at::kFloat;
  options.memory_format = layout_of(e.compute()) == Layout::nhwc ? c10::MemoryFormat::ChannelsLast
                                                                 : c10::MemoryFormat::Contiguous;
  options.initialization = make_initialization(e.model());
  options.seed = e.seed();
  return options;
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

// Weights beyond the machine's memory would end the process before an allocation fails.
void check_memory(const Graph& graph) {
  const int64_t weights = weight_count(graph), room = machine().memory_bytes / static_cast<int64_t>(sizeof(float));
  if (weights > room)
    throw Error(Status::out_of_memory, "model " + graph.name + ": its " + std::to_string(weights) +
                                           " weights do not fit into the memory of this machine, which has room for " +
                                           std::to_string(room) + ": make its layers smaller");
}

// The newest checkpoint of a run that is whole.
Checkpoint newest_of_run(const fs::path& folder) {
  const std::vector<fs::path> files = RunFolder::checkpoint_files(folder);
  std::string why = "it has none yet: let the run reach its first, or name another folder";
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    try {
      return read_checkpoint(*file);
    } catch (const Error& error) {
      if (error.status() != Status::bad_data) throw;
      why = error.what();
    }
  }
  throw Error(files.empty() ? Status::not_found : Status::bad_data,
              folder.string() + ": no whole checkpoint was found: " + why);
}

// A config that was recorded without its places: data and weights are no longer needed.
Config without_data(const Checkpoint& checkpoint, const std::string& source) {
  Config config = Config::parse(checkpoint.header.config, Format::text, source);
  config.experiment().mutable_data()->mutable_host();
  config.experiment().mutable_model()->clear_weights();
  return config;
}

}  // namespace

std::shared_ptr<Network> Network::create(const Config& config, const Dataset* set) {
  Config completed = config.resolved();
  std::shared_ptr<Model> model;
  std::shared_ptr<const Dataset> opened;
  locating_errors(completed, [&] {
    v1::Experiment& e = completed.experiment();
    if (!set && !e.data().has_host()) opened = make_dataset(e.data(), Split::test);  // the smaller part
    complete(e, set ? set : opened.get());
    Graph graph = make_graph(e.model());
    check_memory(graph);
    model = std::make_shared<Model>(std::move(graph), options_of(e));
    const auto& except = e.model().weights_except();
    if (!e.model().weights().empty()) read_weights(e.model().weights(), *model, {except.begin(), except.end()});
    model->set_feedback(make_feedback_rules(e.feedback(), model->layers()), e.seed());
    freeze_parameters(e.optimizer(), *model);
  });
  return std::shared_ptr<Network>(new Network(std::move(completed), std::move(model)));
}

std::shared_ptr<Network> Network::load(const fs::path& path) {
  const Checkpoint checkpoint = fs::is_directory(path) ? newest_of_run(path) : read_checkpoint(path);
  const std::shared_ptr<Network> network = create(without_data(checkpoint, path.string()), nullptr);
  restore_model(network->model(), checkpoint, path.string());
  return network;
}

Config Network::config() const {
  const auto reading = gate_.read();
  return config_;
}

Network::Lease::Lease(std::shared_ptr<Network> network) : network_(std::move(network)) {
  const auto writing = network_->gate_.write();
  if (network_->taken_.exchange(true))
    throw Error(Status::busy, "another trainer has the model: a model is trained by one trainer at a time");
  trainable_ = network_->model_->trainable();
}

Network::Lease::~Lease() {
  const auto writing = network_->gate_.write();
  if (!kept_) network_->model_->set_trainable(trainable_);
  network_->taken_ = false;
}

void Network::Lease::freeze(const v1::Optimizer& config) {
  const auto writing = network_->gate_.write();
  freeze_parameters(config, *network_->model_);
}

void Network::Lease::keep(Config config) {
  const auto writing = network_->gate_.write();
  network_->model_->set_compute_type(options_of(config.experiment()).compute_type);
  network_->model_->set_seed(config.experiment().seed());
  network_->config_ = std::move(config);
  kept_ = true;
}

void Network::check_shape(SampleShape found) const {
  const v1::Shape& wanted = config_.experiment().model().input();
  if (found.channels == wanted.channels() && found.height == wanted.height() && found.width == wanted.width()) return;
  const auto text = [](int64_t c, int64_t h, int64_t w) {
    return std::to_string(c) + " × " + std::to_string(h) + " × " + std::to_string(w);
  };
  throw Error(Status::invalid_argument, "samples of " + text(found.channels, found.height, found.width) +
                                            " (channels, height, width) were given; the model is made for " +
                                            text(wanted.channels(), wanted.height(), wanted.width()) +
                                            ": resize them, or name their layout (NCHW, NHWC)");
}

void Network::check_fit(const Dataset& set) const {
  check_shape(set.shape());
  const int64_t classes = model_->classes();
  if (set.classes() > classes)
    throw Error(Status::invalid_argument, "labels of " + std::to_string(set.classes()) +
                                              " classes were given; the model tells " + std::to_string(classes) +
                                              " apart: set its classes, or replace its head");
}

Tensor Network::predict(const Dataset& samples, Prediction how) const {
  at::NoGradGuard no_grad;
  const auto reading = gate_.read();
  check_shape(samples.shape());
  if (how.as_is && samples.pixel_type() != ElementType::f32)
    throw Error(Status::invalid_argument, std::string("samples: ") + name_of(samples.pixel_type()) +
                                              " was found; samples that are transformed already are float32");
  const v1::Experiment& e = config_.experiment();
  const Pipeline pipeline(how.as_is ? std::vector<Transform>{} : make_transforms(e.data()), samples.shape(),
                          samples.pixel_type(), /*training=*/false);
  // In pieces, so that memory does not grow with the number of samples.
  std::vector<Tensor> logits;
  for (int64_t first = 0; first < samples.size(); first += e.data().evaluation_batch_size()) {
    const int64_t count = std::min(e.data().evaluation_batch_size(), samples.size() - first);
    const Tensor x = gather_pixels(samples, first, count, pipeline, layout_of(e.compute()));
    logits.push_back(model_->forward(x.to(model_->options().device), Pass::evaluation()).cpu());
  }
  const Tensor all = logits.size() == 1 ? logits[0] : at::cat(logits);
  return how.probabilities ? at::softmax(all, 1) : all;
}

void Network::load_weights(const fs::path& path) {
  const auto writing = gate_.write();
  read_weights(path, *model_);
}

void Network::save_weights(const fs::path& path) const {
  const auto reading = gate_.read();
  write_weights(path, *model_);
}

Tensor Network::tensor(const std::string& name) const {
  const std::shared_ptr<Model> model = shared_model();
  for (const NamedTensor& named : model->state())
    if (named.name == name) return named.tensor;
  throw Error(Status::not_found, "the model " + model->graph().name + " has no parameter or buffer \"" + name +
                                     "\": signsym_model_tensor_name lists them");
}

const FeedbackLayer& Network::layer(const std::string& name) const {
  std::string names;
  for (const FeedbackLayer& layer : model_->layers()) {
    if (layer.name == name) return layer;
    names += (names.empty() ? "" : ", ") + layer.name;
  }
  throw Error(Status::not_found, "the model " + model_->graph().name + " has no layer \"" + name +
                                     "\" with a feedback rule; its layers are " + names);
}

void Network::set_tensor(const std::string& name, at::IntArrayRef shape, const std::function<Tensor()>& values) {
  at::NoGradGuard no_grad;
  const auto writing = gate_.write();
  Tensor to = tensor(name);
  if (shape != to.sizes())
    throw Error(Status::invalid_argument, "values of shape " + shape_text(shape) + " were given for " + name +
                                              ", whose shape is " + shape_text(to.sizes()));
  const Tensor from = values();
  if (at::isFloatingType(from.scalar_type()) != at::isFloatingType(to.scalar_type()))
    throw Error(Status::invalid_argument,
                name + " takes values of " + (at::isFloatingType(to.scalar_type()) ? "a floating-point" : "an integer") +
                    " type");
  to.copy_(from);
}

void Network::replace_head(int64_t classes) {
  if (classes < 2 || classes > 1048576)
    throw Error(Status::invalid_argument, "classes: " + std::to_string(classes) + " is out of range: 2 to 1048576 is expected");
  const auto writing = gate_.write();
  if (taken_)
    throw Error(Status::busy, "a trainer has the model: replace its head before the trainer is made, or free the trainer");
  Config config = config_;
  v1::Experiment& e = config.experiment();
  set_classes(*e.mutable_model(), classes);
  auto model = std::make_shared<Model>(with_head(model_->graph(), classes), options_of(e));
  const std::string& head = model_->graph().nodes.back().name;
  {
    at::NoGradGuard no_grad;
    const std::vector<NamedTensor> from = model_->state(), to = model->state();
    for (size_t i = 0; i < to.size(); ++i)
      if (to[i].name != head + ".weight" && to[i].name != head + ".bias") Tensor(to[i].tensor).copy_(from[i].tensor);
  }
  model->set_trainable(model_->trainable());
  std::vector<FeedbackRule> rules;
  for (const FeedbackLayer& layer : model_->layers()) rules.push_back(layer.rule);
  model->set_feedback(rules, e.seed());
  for (size_t i = 0; i < rules.size(); ++i)  // what is fixed was drawn from weights that are no longer these
    if (model->layers()[i].name != head) model->layers()[i].state.fixed = model_->layers()[i].state.fixed;
  config_ = std::move(config);
  std::atomic_store(&model_, std::move(model));
}

void Network::freeze(const std::string& pattern, bool frozen) {
  const auto writing = gate_.write();
  if (taken_)
    throw Error(Status::busy, "a trainer has the model: freeze before the trainer is made, or free the trainer");
  model_->set_trainable(pattern, !frozen);
  auto& names = *config_.experiment().mutable_optimizer()->mutable_freeze();
  names.Clear();
  for (const NamedTensor& parameter : model_->parameters())
    if (!parameter.tensor.requires_grad()) *names.Add() = parameter.name;
}

}  // namespace signsym
