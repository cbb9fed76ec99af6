// PyTorch's numbers: tests/reference/make_reference.py says how each file of tests/reference/data was made.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/safetensors.h"
#include "train/factory.h"
#include "train/learner.h"

namespace signsym {
namespace {

using nlohmann::json;

const std::string data_folder = SIGNSYM_SOURCE_DIR "/tests/reference/data/";

// A part of an Experiment, whose other fields nobody reads.
v1::Experiment experiment(const std::string& text) { return Config::parse(text, Format::text, "reference").experiment(); }

// What a graph leaves out has its default only in a whole experiment, resolved.
v1::Experiment resolved(const std::string& text) {
  return Config::parse("data { host {} } " + text, Format::text, "reference").resolved().experiment();
}

v1::Model with_input(v1::Model model, int64_t channels, int64_t height, int64_t width) {
  model.mutable_input()->set_channels(channels);
  model.mutable_input()->set_height(height);
  model.mutable_input()->set_width(width);
  return model;
}

json read_json(const char* name) {
  std::ifstream file(data_folder + name);
  json entries = json::parse(file, nullptr, false);
  EXPECT_TRUE(entries.is_array() && !entries.empty()) << name;
  return entries;
}

Tensor vector_of(const json& values) { return at::tensor(values.get<std::vector<double>>(), at::kFloat); }

Tensor matrix_of(const json& rows) {
  std::vector<Tensor> all;
  for (const json& row : rows) all.push_back(vector_of(row));
  return at::stack(all);
}

// The largest difference, relative to the largest expected value.
double difference(const Tensor& actual, const Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return INFINITY;
  const Tensor exact = expected.detach().to(at::kDouble);
  const double largest = std::max(1e-6, exact.abs().max().item<double>());
  return actual.detach().to(at::kDouble).sub(exact).abs().max().item<double>() / largest;
}

// ---- three training steps ----

struct Reference {
  std::string file;
  double tolerance;  // of fp32 against PyTorch's double; PyTorch's own fp32 is a third of it away or less
};

void PrintTo(const Reference& r, std::ostream* os) { *os << r.file; }

using Case = std::tuple<Reference, c10::MemoryFormat>;

class Training : public testing::TestWithParam<Case> {
 protected:
  Tensor tensor(const std::string& name) const {
    const TensorView* view = file_.find(name);
    if (!view) throw std::runtime_error("the reference has no " + name);
    Tensor out = at::empty(view->shape, view->type == ScalarType::i64 ? at::kLong : at::kFloat);
    std::memcpy(out.data_ptr(), view->data, view->bytes());
    return out;
  }

  size_t count(const std::string& prefix) const {
    size_t n = 0;
    for (const TensorView& view : file_.tensors()) n += view.name.rfind(prefix, 0) == 0;
    return n;
  }

  Learner learner(at::ScalarType compute_type = at::kFloat) const {
    const v1::Experiment e = resolved(file_.metadata().at("experiment"));
    const Tensor x = tensor("input");
    ModelOptions options;
    options.compute_type = compute_type;
    options.memory_format = std::get<1>(GetParam());
    auto model = std::make_unique<Model>(make_graph(with_input(e.model(), x.size(1), x.size(2), x.size(3))), options);
    at::NoGradGuard no_grad;
    for (const NamedTensor& named : model->state()) Tensor(named.tensor).copy_(tensor("initial." + named.name));
    auto optimizer = make_optimizer(e.optimizer(), *model);
    return Learner(std::move(model), std::move(optimizer), make_loss(e.loss()));
  }

  void expect_near(const Tensor& actual, const std::string& name) const {
    EXPECT_LE(difference(actual, tensor(name)), std::get<0>(GetParam()).tolerance) << name;
  }

  const Safetensors file_ = Safetensors::read(data_folder + "train_" + std::get<0>(GetParam()).file + ".safetensors");
};

TEST_P(Training, Has_the_logits_losses_gradients_parameters_and_buffers_of_PyTorch) {
  expect_near(learner().model().forward(tensor("input"), Pass::training(0)), "logits");

  Learner one = learner();
  const std::vector<NamedTensor> state = one.model().state();
  EXPECT_EQ(state.size(), count("initial."));
  EXPECT_EQ(one.model().parameters().size(), count("gradient."));
  const double rate = experiment(file_.metadata().at("experiment")).optimizer().learning_rate();
  std::vector<double> losses;
  for (uint32_t step = 0; step < 3; ++step) {
    losses.push_back(one.step(tensor("input"), tensor("labels"), step, rate).loss);
    if (step == 0)
      for (const NamedTensor& parameter : one.model().parameters())
        expect_near(parameter.tensor.grad(), "gradient." + parameter.name);
  }
  expect_near(at::tensor(losses, at::kDouble), "losses");
  for (const NamedTensor& named : state) expect_near(named.tensor, "trained." + named.name);
  at::NoGradGuard no_grad;
  expect_near(one.model().forward(tensor("input"), Pass::evaluation()), "trained_logits");
}

// bf16 has 8 bits, and each value is rounded many times on its way: single ones are far off, the whole is not.
class TrainingInBf16 : public Training {
 protected:
  void expect_near(const Tensor& actual, const std::string& name) const {
    const Tensor expected = tensor(name);
    ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
    const double distance = actual.detach().sub(expected).norm().item<double>() / expected.norm().item<double>();
    EXPECT_LE(distance, std::get<0>(GetParam()).tolerance) << name;
  }
};

TEST_P(TrainingInBf16, Has_the_logits_and_gradients_of_PyTorch_but_for_its_rounding) {
  Learner one = learner(at::kBFloat16);
  expect_near(one.model().forward(tensor("input"), Pass::training(0)), "logits");
  one = learner(at::kBFloat16);
  one.step(tensor("input"), tensor("labels"), 0, 0.1);
  for (const NamedTensor& parameter : one.model().parameters())
    expect_near(parameter.tensor.grad(), "gradient." + parameter.name);
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return std::get<0>(info.param).file +
         (std::get<1>(info.param) == c10::MemoryFormat::ChannelsLast ? "_channels_last" : "_contiguous");
}

INSTANTIATE_TEST_SUITE_P(Of, Training,
                         testing::Combine(testing::Values(Reference{"lenet", 1e-5}, Reference{"lenet_narrow", 1e-5},
                                                          Reference{"mlp_tanh", 1e-5},
                                                          Reference{"mlp_sigmoid", 1e-5}, Reference{"resnet_cifar", 2e-5},
                                                          Reference{"resnet_cifar_smoothed_nesterov", 2e-5},
                                                          Reference{"resnet_cifar_squared", 2e-5},
                                                          Reference{"resnet_cifar_binary", 2e-5},
                                                          Reference{"resnet18_cifar", 5e-5},
                                                          Reference{"resnet50_imagenet", 1e-4},
                                                          Reference{"graph_operations", 1e-4},
                                                          Reference{"graph_convolutions", 2e-5}),
                                          testing::Values(c10::MemoryFormat::Contiguous, c10::MemoryFormat::ChannelsLast)),
                         case_name);

INSTANTIATE_TEST_SUITE_P(Of, TrainingInBf16,
                         testing::Combine(testing::Values(Reference{"graph_operations", 0.15},
                                                          Reference{"graph_convolutions", 0.05}),
                                          testing::Values(c10::MemoryFormat::Contiguous, c10::MemoryFormat::ChannelsLast)),
                         case_name);

// ---- the parts alone ----

TEST(Losses, And_their_gradients_are_those_of_PyTorch) {
  for (const json& entry : read_json("losses.json")) {
    const std::string name = entry["loss"];
    const Tensor logits = matrix_of(entry["logits"]).set_requires_grad(true);
    const Tensor labels = at::tensor(entry["labels"].get<std::vector<int64_t>>(), at::kLong);
    const Tensor loss = loss_of(make_loss(experiment("loss { " + name + " }").loss()), logits, labels);
    loss.backward();
    EXPECT_LE(difference(loss, at::scalar_tensor(entry["value"].get<double>(), at::kDouble)), 1e-6) << name;
    EXPECT_LE(difference(logits.grad(), matrix_of(entry["gradient"])), 1e-6) << name;
  }
}

TEST(Schedules, Are_those_of_PyTorch_at_every_step) {
  for (const json& entry : read_json("schedules.json")) {
    const std::string text = entry["schedule"];
    const Schedule schedule = make_schedule(experiment("optimizer { schedule { " + text + " } }").optimizer().schedule());
    const std::vector<double> factors = entry["factors"];
    for (size_t step = 0; step < factors.size(); ++step)
      EXPECT_NEAR(schedule_factor(schedule, step, entry["steps"], entry["steps_per_epoch"]), factors[step], 1e-12)
          << text << " at step " << step;
  }
}

// Parameters with these values, and an optimiser as a config's `optimizer { … }` says.
struct Optimized {
  std::vector<NamedTensor> parameters;
  Sgd sgd;

  Optimized(const std::string& config, const std::vector<Tensor>& values)
      : parameters(named(values)), sgd(parameters, std::vector<bool>(values.size(), true), options(config)) {}

  void step(const std::vector<Tensor>& gradients, double rate) {
    for (size_t i = 0; i < gradients.size(); ++i) parameters[i].tensor.mutable_grad() = gradients[i];
    sgd.step(rate);
  }

 private:
  static std::vector<NamedTensor> named(const std::vector<Tensor>& values) {
    std::vector<NamedTensor> all;
    for (const Tensor& value : values) all.push_back({std::to_string(all.size()), value.clone().set_requires_grad(true)});
    return all;
  }
  static SgdOptions options(const std::string& config) {
    const Model any(Graph{"any", {{"fc", LinearOptions{1, 2}, {"input"}}}}, {});
    return make_optimizer(experiment("optimizer { " + config + " }").optimizer(), any)->options();
  }
};

TEST(Clipping, Is_that_of_PyTorch) {
  for (const json& entry : read_json("clipping.json")) {
    const std::string config = entry["optimizer"];
    const std::vector<Tensor> gradients{vector_of(entry["before"][0]), vector_of(entry["before"][1])};
    Optimized one(config + " sgd {}", {at::zeros({3}), at::zeros({2})});
    one.step(gradients, 1);  // from 0 at rate 1: w = −gradient
    for (size_t i = 0; i < 2; ++i)
      EXPECT_LE(difference(one.parameters[i].tensor.neg(), vector_of(entry["after"][i])), 1e-6) << config;
  }
}

TEST(Sgd, Takes_the_steps_of_PyTorch) {
  for (const json& entry : read_json("sgd.json")) {
    const std::string config = entry["sgd"];
    Optimized one("sgd { " + config + " }", {vector_of(entry["initial"])});
    for (size_t step = 0; step < entry["gradients"].size(); ++step) {
      one.step({vector_of(entry["gradients"][step])}, entry["learning_rates"][step]);
      EXPECT_LE(difference(one.parameters[0].tensor, vector_of(entry["weights"][step])), 1e-6)
          << config << " at step " << step;
    }
  }
}

TEST(Residual_networks, Have_the_parameters_and_buffers_of_torchvision_in_its_order) {
  const std::vector<int64_t> published{11689512, 21797672, 25557032, 44549160, 60192808};
  const json models = read_json("torchvision_resnets.json");
  ASSERT_EQ(models.size(), published.size());
  for (size_t i = 0; i < models.size(); ++i) {
    const std::string text = models[i]["model"];
    const Config config = Config::parse("data { cifar10 { path: \"any\" } } model { " + text + " }", Format::text, text);
    const Model model(make_graph(with_input(config.resolved().experiment().model(), 3, 224, 224)), {});
    EXPECT_EQ(model.parameter_count(), published[i]) << text;
    size_t parameter = 0;
    json ours = json::array();
    for (const NamedTensor& named : model.state()) {
      const bool learned = parameter < model.parameters().size() && named.name == model.parameters()[parameter].name;
      parameter += learned;
      ours.push_back({named.name, learned ? "parameter" : "buffer",
                      named.tensor.scalar_type() == at::kLong ? "I64" : "F32", named.tensor.sizes().vec()});
    }
    const json& theirs = models[i]["tensors"];
    ASSERT_EQ(ours.size(), theirs.size()) << text;
    for (size_t t = 0; t < ours.size(); ++t) EXPECT_EQ(ours[t], theirs[t]) << text;
  }
}

}  // namespace
}  // namespace signsym
