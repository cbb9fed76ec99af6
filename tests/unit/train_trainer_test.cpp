// The trainer: what it listens to, how it ends, what it measures, and how a config becomes a run.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "data/cifar10.h"
#include "train/factory.h"
#include "train_runs.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// ---- how it ends ----

TEST(Listener, That_says_stop_ends_the_run_after_the_step_with_a_checkpoint) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  {
    Trainer trainer(runs.config("run", fast));
    trainer.reporter().listen([](const Event& event) { return !(event.kind == EventKind::step && event.step == 3); });
    EXPECT_EQ(trainer.run({}), RunEnd::stopped);
    EXPECT_EQ(trainer.progress().step, 3);
  }
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre("checkpoint-3.safetensors"));
  EXPECT_EQ(metrics(runs / "run").back()["status"], "cancelled");
  Trainer::resume(runs / "run", nullptr)->run({});
  expect_same_end(runs / "run", runs / "whole", "checkpoint-10.safetensors");
}

TEST(Listener, That_throws_ends_the_run_with_what_it_threw) {
  const Runs runs;
  struct Own : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  {
    Trainer trainer(runs.config("run", fast));
    trainer.reporter().listen([](const Event& event) -> bool {
      if (event.step == 2) throw Own("enough");
      return true;
    });
    EXPECT_THROW(trainer.run({}), Own);
  }
  EXPECT_EQ(metrics(runs / "run").back()["status"], "failed");
  EXPECT_EQ(metrics(runs / "run").back()["text"], "enough");
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
}

TEST(Listener, Hears_every_step_and_what_the_folder_records) {
  const Runs runs;
  std::vector<int64_t> steps;
  std::string kinds;
  Trainer trainer(runs.config("run", fast));
  trainer.reporter().listen([&](const Event& event) {
    if (event.kind == EventKind::step) {
      steps.push_back(event.step);
      EXPECT_EQ(event.epoch, event.step <= 5 ? 1 : 2);
      EXPECT_EQ(event.epochs, 2);
      EXPECT_EQ(event.steps_per_epoch, 5);
      EXPECT_EQ(event.step_in_epoch, (event.step - 1) % 5 + 1);
      EXPECT_GT(event.loss, 0);
      EXPECT_GT(event.samples_per_second, 0);
    } else {
      kinds += std::to_string(static_cast<int>(event.kind));
    }
    return true;
  });
  trainer.run({});
  EXPECT_THAT(steps, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(kinds, "133453457");  // start, evaluation, (evaluation, epoch, checkpoint) twice, end
}

TEST(Divergence, Ends_the_run_with_epoch_step_and_learning_rate_and_keeps_the_last_good_checkpoint) {
  const Runs runs;
  // Within the first steps the weights, and with them the loss, become infinite.
  const std::vector<std::string> settings =
      with(fast, {"optimizer.learning_rate=1e25", "optimizer.schedule={}", "output.checkpoint_every_steps=1", "output.keep_last=100"});
  Error error(Status::ok, "");
  {
    Trainer trainer(runs.config("run", settings));
    error = error_of([&] { trainer.run({}); });
  }
  EXPECT_EQ(error.status(), Status::diverged);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("epoch 1, step "), HasSubstr("learning rate 1e+25"), HasSubstr("checkpoint-"),
                                  HasSubstr("optimizer.learning_rate")));
  EXPECT_EQ(metrics(runs / "run").back()["status"], "diverged");
  EXPECT_EQ(metrics(runs / "run").back()["text"], error.what());
  EXPECT_FALSE(fs::exists(runs / "run" / "model.safetensors"));
  const std::vector<std::string> saved = checkpoints(runs / "run");
  ASSERT_FALSE(saved.empty());
  auto trainer = Trainer::resume(runs / "run", nullptr);
  for (const NamedTensor& parameter : trainer->learner().model().parameters())
    EXPECT_TRUE(at::isfinite(parameter.tensor).all().item<bool>()) << parameter.name;
}

TEST(Divergence, In_the_last_step_is_noticed_before_a_checkpoint_is_written) {
  const Runs runs;
  // The loss of the only step is finite, the weights after it are not.
  Trainer trainer(runs.config("run", with(fast, {"optimizer.learning_rate=1e300", "optimizer.schedule={}", "train.max_steps=1"})));
  const Error error = error_of([&] { trainer.run({}); });
  EXPECT_EQ(error.status(), Status::diverged);
  EXPECT_THAT(error.what(), HasSubstr("epoch 1, step 1, learning rate 1e+300"));
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre());
  EXPECT_EQ(metrics(runs / "run").back()["status"], "diverged");
}

TEST(Divergence, Without_a_folder_names_none) {
  const Runs runs;
  Trainer trainer(runs.config("", with(fast, {"optimizer.learning_rate=1e25"})));
  const Error error = error_of([&] { trainer.run({}); });
  EXPECT_EQ(error.status(), Status::diverged);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("epoch 1, step "), testing::Not(HasSubstr("checkpoint"))));
}

TEST(Trainer, Of_no_epochs_writes_the_initial_model) {
  const Runs runs;
  Trainer trainer(runs.config("run", with(fast, {"train.epochs=0"})));
  EXPECT_EQ(trainer.run({}), RunEnd::finished);
  EXPECT_EQ(metrics(runs / "run", "epoch").size(), 0u);
  EXPECT_TRUE(fs::exists(runs / "run" / "model.safetensors"));
}

TEST(Trainer, Without_a_folder_writes_nothing) {
  const Runs runs;
  run_to_the_end(runs.config("", fast));
  EXPECT_EQ(std::distance(fs::directory_iterator(runs.data().parent_path()), {}), 1);
}

// ---- what it measures ----

TEST(Evaluation, Is_top_1_top_5_and_loss_counted_by_hand) {
  const Runs runs;
  Trainer trainer(runs.config(""));
  trainer.run({});
  const Evaluation evaluation = trainer.evaluate();

  const auto set = open_cifar10(runs.data(), Split::test);
  const std::vector<double> mean = set->mean(), deviation = set->std_deviation();
  at::NoGradGuard no_grad;
  double loss = 0;
  int64_t first = 0, among_five = 0;
  for (int64_t i = 0; i < set->size(); ++i) {
    Tensor x = at::empty({1, 3, 32, 32}, at::kFloat);
    const Sample sample = set->sample(i, nullptr);
    const auto* bytes = static_cast<const uint8_t*>(sample.pixels);
    for (int64_t p = 0; p < 3072; ++p)
      x.data_ptr<float>()[p] = static_cast<float>((bytes[p] / 255.0 - mean[p / 1024]) / deviation[p / 1024]);
    const Tensor z = trainer.learner().model().forward(x, Pass::evaluation()).to(at::kDouble).contiguous();
    const double* logits = z.data_ptr<double>();
    double sum = 0;
    int64_t larger = 0;
    for (int64_t c = 0; c < 10; ++c) {
      sum += std::exp(logits[c]);
      larger += logits[c] > logits[sample.label];
    }
    loss += std::log(sum) - logits[sample.label];
    first += larger < 1;
    among_five += larger < 5;
  }
  EXPECT_EQ(evaluation.samples, held_out_pictures);
  EXPECT_NEAR(evaluation.loss, loss / held_out_pictures, 1e-5);
  EXPECT_EQ(evaluation.top1, 100.0 * first / held_out_pictures);
  EXPECT_EQ(evaluation.top5, 100.0 * among_five / held_out_pictures);
}

TEST(Evaluation, Does_not_depend_on_its_batch_size_and_changes_nothing) {
  const Runs runs;
  Trainer one(runs.config("")), other(runs.config("", {"data.evaluation_batch_size=7"}));
  const Evaluation a = one.evaluate(), b = other.evaluate(), again = one.evaluate();
  EXPECT_EQ(a.top1, b.top1);
  EXPECT_NEAR(a.loss, b.loss, 1e-6);
  EXPECT_EQ(a.loss, again.loss);
}

TEST(Alignment, Is_measured_for_each_layer_at_each_evaluation) {
  const Runs runs;
  const auto alignment_of = [&](const std::string& rule) {
    std::vector<LayerAlignment> last;
    Trainer trainer(runs.config("", {"feedback.rule=" + rule, "model.resnet_cifar.width=8", "train.max_steps=1",
                                     "feedback.layer[0]={ name: \"fc\" rule: BACKPROP }"}));
    trainer.reporter().listen([&](const Event& event) {
      if (event.kind == EventKind::evaluation) last = event.alignment;
      return true;
    });
    trainer.run({});
    EXPECT_EQ(last.size(), 10u);
    EXPECT_EQ(last.back().angle, 0);
    return last;
  };
  for (const LayerAlignment& layer : alignment_of("BACKPROP")) EXPECT_EQ(layer.angle, 0) << layer.layer;
  for (const LayerAlignment& layer : alignment_of("SIGN_SYMMETRY"))
    if (layer.layer != "fc") {
      EXPECT_NEAR(layer.angle, 37.07, 5) << layer.layer;  // of a Gaussian W; small layers scatter
      EXPECT_NEAR(layer.norm_ratio, 1, 1e-3) << layer.layer;
    }
  const std::vector<LayerAlignment> random = alignment_of("FEEDBACK_ALIGNMENT");
  EXPECT_EQ(random[4].layer, "layer2.0.conv2");
  EXPECT_NEAR(random[4].angle, 90, 8);
}

TEST(Alignment, Is_left_out_where_the_config_says_so) {
  const Runs runs;
  run_to_the_end(runs.config("run", with(fast, {"train.measure_alignment=false"})));
  for (const json& line : metrics(runs / "run", "evaluation")) EXPECT_FALSE(line.contains("alignment"));
}

// ---- from a config ----

TEST(Validation, Holds_out_a_part_of_the_training_set_and_does_not_touch_the_test_set) {
  const Runs runs;
  fs::remove(runs.data() / "test_batch.bin");
  run_to_the_end(runs.config("run", with(fast, {"data.held_out=VALIDATION", "data.validation_fraction=0.25"})));
  const json data = metrics(runs / "run", "start")[0]["data"];
  EXPECT_EQ(data["held_out_kind"], "validation");
  EXPECT_EQ(data["train"].get<int64_t>() + data["held_out"].get<int64_t>(), training_pictures);
  EXPECT_GE(data["held_out"], 15);
  EXPECT_LE(data["held_out"], 24);
  EXPECT_EQ(error_of([&] { Trainer(runs.config("", fast)); }).status(), Status::not_found);
}

TEST(Layer_pattern, Overrides_the_rule_of_the_layers_that_it_matches) {
  const Runs runs;
  Trainer trainer(runs.config("", {"feedback.scale=AUTHORS",
                                   "feedback.layer[0]={ name: \"layer1.*\" rule: FEEDBACK_ALIGNMENT }",
                                   "feedback.layer[1]={ name: \"*.conv2\" scale: XAVIER }",
                                   "feedback.layer[2]={ name: \"f?\" rule: BACKPROP }"}));
  for (const FeedbackLayer& layer : trainer.learner().model().layers()) {
    const bool first_stage = layer.name.rfind("layer1.", 0) == 0;
    EXPECT_EQ(layer.rule.rule, layer.name == "fc" ? Rule::backprop
                               : first_stage      ? Rule::feedback_alignment
                                                  : Rule::sign_symmetry) << layer.name;
    const bool second = layer.name.find("conv2") != std::string::npos;
    EXPECT_EQ(layer.rule.scale, second ? Scale::xavier : Scale::authors) << layer.name;
    EXPECT_EQ(layer.rule.distribution, layer.name == "fc" ? Distribution::authors_uniform : Distribution::gaussian);
  }
}

TEST(Layer_pattern, That_matches_nothing_is_an_error_that_lists_the_layers) {
  const Runs runs;
  const Error error = error_of([&] { Trainer(runs.config("run", {"feedback.layer[0]={ name: \"head\" rule: BACKPROP }"})); });
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_EQ(error.field(), "feedback.layer[0].name");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("\"head\""), HasSubstr("layer3.0.downsample.0"), HasSubstr("fc")));
  EXPECT_FALSE(fs::exists(runs / "run")) << "a config that cannot be run leaves nothing behind";
}

TEST(No_decay, Spares_the_parameters_that_a_pattern_matches) {
  const Runs runs;
  // Without gradients a step is the decay alone: w ← (1 − 0.1 · 0.5) w.
  Trainer trainer(runs.config("", with(fast, {"optimizer.sgd={ momentum: 0 weight_decay: 0.5 }",
                                              "optimizer.no_decay[0]=\"*.bias\"", "optimizer.no_decay[1]=\"fc2.*\""})));
  Learner& learner = trainer.learner();
  std::vector<Tensor> before;
  for (const NamedTensor& parameter : learner.model().parameters()) {
    before.push_back(parameter.tensor.detach().clone());
    Tensor(parameter.tensor).mutable_grad() = at::zeros_like(parameter.tensor);
  }
  learner.optimizer().step(0.1);
  for (size_t i = 0; i < before.size(); ++i) {
    const NamedTensor& now = learner.model().parameters()[i];
    const double factor = now.name == "fc1.weight" ? 0.95 : 1;
    EXPECT_TRUE(at::allclose(now.tensor.detach(), before[i].mul(factor), 1e-6, 0)) << now.name;
  }
}

TEST(No_decay, That_matches_nothing_is_an_error_that_lists_the_parameters) {
  const Runs runs;
  const Error error = error_of([&] { Trainer(runs.config("", with(fast, {"optimizer.no_decay[0]=\"bn*\""}))); });
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_EQ(error.field(), "optimizer.no_decay[0]");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("\"bn*\""), HasSubstr("fc1.weight, fc1.bias, fc2.weight, fc2.bias")));
}

TEST(Bfloat16, Trains_with_a_finite_loss_and_keeps_its_weights_in_fp32) {
  const Runs runs;
  const auto losses = [&](const char* precision) {
    std::vector<double> all;
    Trainer trainer(runs.config("", {std::string("compute.precision=") + precision, "train.max_steps=3"}));
    trainer.reporter().listen([&](const Event& event) {
      if (event.kind == EventKind::step) all.push_back(event.loss);
      return true;
    });
    trainer.run({});
    const bool half = precision == std::string("BF16");
    for (const NamedTensor& named : trainer.learner().model().state())
      EXPECT_NE(named.tensor.scalar_type(), at::kBFloat16) << named.name;
    EXPECT_EQ(trainer.learner().model().layers()[1].feedback_weight.scalar_type(), half ? at::kBFloat16 : at::kFloat);
    return all;
  };
  const std::vector<double> half = losses("BF16"), full = losses("FP32");
  ASSERT_EQ(half.size(), 3u);
  for (size_t i = 0; i < half.size(); ++i) EXPECT_NEAR(half[i], full[i], 0.1) << "step " << i + 1;
  EXPECT_NE(half, full);
}

TEST(Device, Cuda_without_one_is_an_error_in_words) {
  if (at::hasCUDA()) GTEST_SKIP() << "this machine has CUDA";
  const Runs runs;
  const Error error = error_of([&] { Trainer(runs.config("run", with(fast, {"compute.device=CUDA"}))); });
  EXPECT_EQ(error.status(), Status::unsupported);
  EXPECT_EQ(error.field(), "compute.device");
  EXPECT_THAT(error.what(), HasSubstr("set CPU or AUTO"));
  EXPECT_FALSE(fs::exists(runs / "run"));
}

TEST(Device, That_cannot_be_had_is_told_with_line_and_column) {
  if (at::hasCUDA()) GTEST_SKIP() << "this machine has CUDA";
  const Runs runs;
  const Config config = Config::parse("data { cifar10 { path: '" + runs.data().string() +
                                          "' } }\nmodel { mlp {} }\ncompute { device: CUDA }\n",
                                      Format::text, "mine.textproto");
  EXPECT_THAT(error_of([&] { Trainer{config}; }).what(), StartsWith("mine.textproto:3:11: compute.device: CUDA, but"));
}

TEST(Threads, Are_as_many_as_the_config_says_while_it_runs_and_then_as_before) {
  const Runs runs;
  at::set_num_threads(2);
  Trainer trainer(runs.config("", with(fast, {"compute.threads=3"})));
  int during = 0;
  trainer.reporter().listen([&](const Event&) {
    during = at::get_num_threads();
    return true;
  });
  trainer.run({});
  EXPECT_EQ(during, 3);
  EXPECT_EQ(at::get_num_threads(), 2);
  trainer.evaluate();
  EXPECT_EQ(at::get_num_threads(), 2);
}

TEST(Classes, Fewer_than_the_data_set_has_are_an_error_that_names_the_field) {
  const Runs runs;
  const Error error = error_of([&] { Trainer(runs.config("", {"model.mlp={ classes: 9 }"})); });
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_EQ(error.field(), "model.mlp.classes");
  EXPECT_THAT(error.what(), HasSubstr("9 is fewer than the data set's 10"));
}

TEST(Initial_weights, From_a_file_are_where_a_run_starts) {
  const Runs runs;
  run_to_the_end(runs.config("first"));
  const std::string file = (runs / "first" / "model.safetensors").string();
  Trainer first(runs.config("", {"model.weights=\"" + file + "\"", "seed=2"}));
  run_to_the_end(runs.config("second", {"model.weights=\"" + file + "\"", "train.epochs=0"}));
  EXPECT_TRUE(slurp(runs / "second" / "model.safetensors") == slurp(file));
  EXPECT_EQ(first.evaluate().loss, metrics(runs / "first", "evaluation").back()["loss"]);
  EXPECT_EQ(error_of([&] { Trainer(runs.config("", {"model.weights=\"" + file + "\"", "model.resnet_cifar.width=3"})); }).status(),
            Status::mismatch);
}

}  // namespace
}  // namespace signsym
