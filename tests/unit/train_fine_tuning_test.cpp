// A trained model for another task: a new head, weights that are left out, parameters that keep their values.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/mlp.h"
#include "models/resnet.h"
#include "train/checkpoint.h"
#include "train/factory.h"
#include "train_runs.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::map<std::string, Tensor> state_of(const Model& model) {
  std::map<std::string, Tensor> state;
  for (const NamedTensor& named : model.state()) state[named.name] = named.tensor.detach().clone();
  return state;
}

Learner learner(Graph graph, Rule rule, const std::vector<std::string>& frozen = {}) {
  auto model = std::make_unique<Model>(std::move(graph), ModelOptions{});
  model->set_feedback(std::vector<FeedbackRule>(model->layers().size(), FeedbackRule{rule}), 1);
  for (const std::string& pattern : frozen) model->set_trainable(pattern, false);
  auto optimizer =
      std::make_unique<Sgd>(model->parameters(), std::vector<bool>(model->parameters().size(), true), SgdOptions{});
  return Learner(std::move(model), std::move(optimizer), CrossEntropy{});
}

// A batch of 4 that differs from step to step.
void step(Learner& one, uint32_t number, std::vector<int64_t> shape = {4, 3, 8, 8}) {
  const Tensor x = at::linspace(-1, 1 + number, c10::multiply_integers(shape)).sin().view(shape);
  one.step(x, at::arange(shape[0], at::kLong), number, 0.1);
}

std::vector<std::string> that_carry_an_error(const Model& model) {
  std::vector<std::string> names;
  for (const FeedbackLayer& layer : model.layers())
    if (layer.carries_error) names.push_back(layer.name);
  return names;
}

// ---- parameters that do not learn ----

TEST(Frozen_parameters, Keep_their_bits_while_the_others_learn) {
  for (const Rule rule : {Rule::backprop, Rule::sign_symmetry}) {
    Learner one = learner(resnet_cifar(8, 3, 4, 2), rule, {"conv1.*", "layer2.*", "fc.bias"});
    const auto before = state_of(one.model());
    for (uint32_t i = 0; i < 3; ++i) step(one, i);
    for (const NamedTensor& parameter : one.model().parameters()) {
      const std::string& name = parameter.name;
      const bool frozen = name == "conv1.weight" || name.rfind("layer2.", 0) == 0 || name == "fc.bias";
      EXPECT_EQ(parameter.tensor.equal(before.at(name)), frozen) << name;
      EXPECT_EQ(parameter.tensor.grad().defined(), !frozen) << name;
    }
    for (const NamedTensor& momentum : one.optimizer().momentum())
      EXPECT_THAT(momentum.name, testing::Not(testing::StartsWith("layer2.")));
  }
}

TEST(Frozen_parameters, Change_nothing_of_what_the_others_learn_in_a_step) {
  for (const Rule rule : {Rule::backprop, Rule::sign_symmetry, Rule::feedback_alignment}) {
    Learner all = learner(resnet_cifar(8, 3, 4, 2), rule), some = learner(resnet_cifar(8, 3, 4, 2), rule, {"layer2.*"});
    step(all, 0);
    step(some, 0);
    const auto expected = state_of(all.model());
    for (const NamedTensor& parameter : some.model().parameters()) {
      if (!parameter.tensor.requires_grad()) continue;
      EXPECT_TRUE(parameter.tensor.equal(expected.at(parameter.name))) << rule_name(rule) << " " << parameter.name;
    }
    for (const NamedTensor& buffer : some.model().buffers())
      EXPECT_TRUE(buffer.tensor.equal(expected.at(buffer.name))) << buffer.name;
  }
}

TEST(Frozen_parameters, Learn_again_when_they_are_told_to) {
  Learner one = learner(mlp(4, {3}, 2, ActivationKind::tanh), Rule::sign_symmetry, {"*"});
  one.model().set_trainable("fc?.weight", true);
  one.model().set_trainable("fc1.weight", false);
  const auto before = state_of(one.model());
  one.step(at::ones({2, 4}), at::arange(2, at::kLong), 0, 0.1);
  for (const NamedTensor& parameter : one.model().parameters())
    EXPECT_EQ(parameter.tensor.equal(before.at(parameter.name)), parameter.name != "fc2.weight") << parameter.name;
}

TEST(Frozen_parameters, Below_the_lowest_one_that_learns_carry_no_error) {
  Model model(mlp(4, {3, 3, 3}, 2, ActivationKind::tanh), {});
  EXPECT_THAT(that_carry_an_error(model), testing::ElementsAre("fc2", "fc3", "fc4"));
  model.set_trainable("fc1.*", false);
  EXPECT_THAT(that_carry_an_error(model), testing::ElementsAre("fc3", "fc4"));
  model.set_trainable("fc2.weight", false);  // its bias still learns
  EXPECT_THAT(that_carry_an_error(model), testing::ElementsAre("fc3", "fc4"));
  model.set_trainable("fc3.*", false);
  EXPECT_THAT(that_carry_an_error(model), testing::ElementsAre("fc3", "fc4"));
  model.set_trainable("fc2.bias", false);
  EXPECT_THAT(that_carry_an_error(model), testing::ElementsAre());
  model.set_trainable("fc1.bias", true);
  EXPECT_THAT(that_carry_an_error(model), testing::ElementsAre("fc2", "fc3", "fc4"));
}

// A layer that carried no error had its weight in place of B: signs must not be written into that memory.
TEST(Frozen_parameters, Of_which_a_lower_one_learns_again_keep_their_values) {
  Learner one = learner(mlp(4, {3, 3}, 2, ActivationKind::tanh), Rule::sign_symmetry, {"fc1.*", "fc2.*"});
  const auto before = state_of(one.model());
  one.step(at::ones({2, 4}), at::arange(2, at::kLong), 0, 0.1);
  one.model().set_trainable("fc1.*", true);
  one.step(at::ones({2, 4}), at::arange(2, at::kLong), 1, 0.1);
  EXPECT_TRUE(state_of(one.model()).at("fc2.weight").equal(before.at("fc2.weight")));
  EXPECT_FALSE(state_of(one.model()).at("fc1.weight").equal(before.at("fc1.weight")));
}

TEST(Frozen_parameters, Of_a_name_that_there_is_not_are_an_error_that_lists_the_names) {
  Model model(mlp(4, {3}, 2, ActivationKind::tanh), {});
  const Error error = error_of([&] { model.set_trainable("conv*", false); });
  EXPECT_EQ(error.status(), Status::not_found);
  EXPECT_STREQ(error.what(), "\"conv*\" matches no parameter; the model's parameters are fc1.weight, fc1.bias, "
                             "fc2.weight, fc2.bias");
}

// ---- the same from a config ----

TEST(Freezing, In_a_config_holds_for_the_run_and_goes_on_bit_for_bit_when_resumed) {
  const Runs runs;
  const std::vector<std::string> settings{"optimizer.freeze=[\"conv1.*\", \"bn1.*\", \"layer1.*\"]"};
  Trainer whole(runs.config("whole", settings));
  const auto before = state_of(whole.learner().model());
  whole.run({});
  const auto after = state_of(whole.learner().model());
  EXPECT_TRUE(after.at("layer1.0.conv1.weight").equal(before.at("layer1.0.conv1.weight")));
  EXPECT_FALSE(after.at("layer1.0.bn1.running_mean").equal(before.at("layer1.0.bn1.running_mean")));
  EXPECT_FALSE(after.at("layer2.0.conv1.weight").equal(before.at("layer2.0.conv1.weight")));
  {
    Trainer trainer(runs.config("parts", settings));
    run_until(trainer, 4);
  }
  Trainer::resume(runs / "parts", nullptr)->run({});
  expect_same_end(runs / "parts", runs / "whole", "checkpoint-10.safetensors");
}

TEST(Freezing, By_a_pattern_that_matches_nothing_or_of_everything_is_an_error) {
  const Runs runs;
  Error error = error_of([&] { Trainer(runs.config("", with(fast, {"optimizer.freeze=[\"fc1.*\", \"conv*\"]"}))); });
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_EQ(error.field(), "optimizer.freeze[1]");
  EXPECT_THAT(error.what(), HasSubstr("\"conv*\" matches no parameter; the model's parameters are fc1.weight"));
  error = error_of([&] { Trainer(runs.config("", with(fast, {"optimizer.freeze=[\"*\"]"}))); });
  EXPECT_EQ(error.field(), "optimizer.freeze");
  EXPECT_THAT(error.what(), HasSubstr("nothing learns"));
}

// ---- the head ----

TEST(With_head, Changes_the_outputs_of_the_last_layer_alone) {
  const Model before(resnet_cifar(8, 3, 10, 2), {}), after(with_head(resnet_cifar(8, 3, 10, 2), 5), {});
  ASSERT_EQ(after.parameters().size(), before.parameters().size());
  for (size_t i = 0; i < before.parameters().size(); ++i) {
    const Tensor &a = before.parameters()[i].tensor, &b = after.parameters()[i].tensor;
    EXPECT_EQ(after.parameters()[i].name, before.parameters()[i].name);
    if (before.parameters()[i].name.rfind("fc.", 0) == 0) {
      EXPECT_EQ(b.size(0), 5);
    } else {
      EXPECT_TRUE(a.equal(b)) << before.parameters()[i].name;
    }
  }
}

TEST(With_head, Of_a_model_without_one_or_of_no_class_is_an_error) {
  Graph graph{"odd", {}};
  EXPECT_EQ(error_of([&] { with_head(graph, 2); }).status(), Status::invalid_argument);
  graph.add("fc", LinearOptions{4, 3}, {"input"});
  for (const int64_t classes : {0, -1}) EXPECT_EQ(error_of([&] { with_head(graph, classes); }).status(), Status::invalid_argument);
  graph.add("act", Activation{}, {"fc"});
  EXPECT_THAT(error_of([&] { with_head(graph, 2); }).what(),
              HasSubstr("model odd: its last node is no linear layer, so it has no head to replace"));
}

// ---- weights of another model ----

TEST(Weights, With_a_head_of_another_size_are_taken_but_for_the_head) {
  const Runs runs;
  Learner trained = learner(resnet_cifar(8, 3, 7, 2), Rule::sign_symmetry);
  step(trained, 0);
  write_weights(runs / "seven.safetensors", trained.model());
  const std::string weights = "model.weights=" + (runs / "seven.safetensors").string();
  EXPECT_THAT(error_of([&] { Trainer(runs.config("", {weights})); }).what(),
              HasSubstr("tensor fc.weight has shape (7, 8); this model's has (10, 8)"));

  Trainer trainer(runs.config("", {weights, "model.weights_except=[\"fc.*\"]"})), fresh(runs.config(""));
  const auto expected = state_of(trained.model()), initial = state_of(fresh.learner().model());
  for (const NamedTensor& named : trainer.learner().model().state()) {
    const bool head = named.name.rfind("fc.", 0) == 0;
    EXPECT_TRUE(named.tensor.equal((head ? initial : expected).at(named.name))) << named.name;
  }
}

TEST(Weights, That_are_left_out_may_be_missing_on_either_side) {
  const Scratch scratch;
  const Learner two = learner(mlp(4, {3}, 2, ActivationKind::tanh), Rule::backprop);
  write_weights(scratch / "two", two.model());
  Model three(mlp(4, {3, 3}, 2, ActivationKind::tanh), {});
  EXPECT_THAT(error_of([&] { read_weights(scratch / "two", three, {"fc2.*"}); }).what(), HasSubstr("fc3.weight is missing"));
  EXPECT_NO_THROW(read_weights(scratch / "two", three, {"fc2.*", "fc3.*"}));
  EXPECT_TRUE(three.state()[0].tensor.equal(two.model().state()[0].tensor));
  Model one(mlp(4, {}, 3, ActivationKind::tanh), {});
  EXPECT_THAT(error_of([&] { read_weights(scratch / "two", one, {"fc1.*"}); }).what(), HasSubstr("fc2.bias"));
  EXPECT_NO_THROW(read_weights(scratch / "two", one, {"fc?.*"}));
}

TEST(Weights, Left_out_by_a_pattern_that_matches_nothing_are_an_error_and_change_nothing) {
  const Scratch scratch;
  Learner saved = learner(mlp(4, {3}, 2, ActivationKind::tanh), Rule::feedback_alignment);
  saved.step(at::ones({2, 4}), at::arange(2, at::kLong), 0, 0.1);
  write_checkpoint(scratch / "c", saved, {});
  Model model(mlp(4, {3}, 2, ActivationKind::tanh), {});
  const auto before = state_of(model);
  // Momentum and feedback weights of a checkpoint are no tensors of a model.
  for (const char* pattern : {"head.*", "*.feedback", "optimizer.*"}) {
    const Error error = error_of([&] { read_weights(scratch / "c", model, {pattern}); });
    EXPECT_EQ(error.status(), Status::mismatch);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("\"" + std::string(pattern) + "\" (model.weights_except) matches no tensor"),
                                    HasSubstr("are fc1.bias, fc1.weight, fc2.bias, fc2.weight")));
  }
  for (const NamedTensor& named : model.state()) EXPECT_TRUE(named.tensor.equal(before.at(named.name)));
}

// ---- what a sample is ----

TEST(Input, Is_written_out_from_the_data_set_and_must_be_its) {
  const Runs runs;
  const Trainer trainer(runs.config("", fast));
  const v1::Shape& input = trainer.config().experiment().model().input();
  EXPECT_EQ(input.channels(), 3);
  EXPECT_EQ(input.height(), 32);
  EXPECT_EQ(input.width(), 32);
  EXPECT_NO_THROW(Trainer(runs.config("", with(fast, {"model.input={ channels: 3 height: 32 width: 32 }"}))));
  const Error error = error_of([&] { Trainer(runs.config("", with(fast, {"model.input={ channels: 3 height: 32 }"}))); });
  EXPECT_EQ(error.field(), "model.input");
  EXPECT_THAT(error.what(), HasSubstr("model.input (set after reading): 3 × 32 × 1 (channels, height, width) was "
                                      "found, but the samples of the data set are 3 × 32 × 32"));
}

TEST(Input, And_classes_must_be_said_where_there_is_no_data_set) {
  const Runs runs;
  const auto completed = [&](const std::vector<std::string>& settings) {
    v1::Experiment e = runs.config("", with(fast, settings)).resolved().experiment();
    complete(e, nullptr);
    return e;
  };
  const std::string input = "model.input={ channels: 6 }";
  Error error = error_of([&] { completed({}); });
  EXPECT_EQ(error.field(), "model.input");
  EXPECT_THAT(error.what(), HasSubstr("model.input: is missing: the application gives the data"));
  error = error_of([&] { completed({input}); });
  EXPECT_EQ(error.field(), "model.mlp.classes");
  error = error_of([&] { completed({input, "model.mlp.classes=4"}); });
  EXPECT_EQ(error.field(), "data.transform[2].normalize");
  EXPECT_THAT(error.what(), HasSubstr("6 channels"));

  const v1::Experiment e = completed({input, "model.mlp.classes=4", "data.transform[2]={ flip {} }"});
  EXPECT_EQ(Model(make_graph(e.model()), {}).layers().front().weight.size(1), 6);
}

}  // namespace
}  // namespace signsym
