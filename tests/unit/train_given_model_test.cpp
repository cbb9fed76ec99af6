// Runs on a model that the application has made, with a config and a seed of its own.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train_runs.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string last = "checkpoint-10.safetensors";

// Dropout, and a B that is drawn in each step.
const std::vector<std::string> drawing{
    "model.graph={ nodes { name: 'flat' flatten {} } nodes { name: 'fc1' linear { out: 6 } } "
    "nodes { name: 'drop' dropout {} } nodes { name: 'fc2' linear {} } }",
    "feedback.rule=SIGN_SYMMETRY_BATCH_RANDOM"};

TrainerParts model_of(const Runs& runs, const std::vector<std::string>& settings) {
  return {Network::create(runs.config("", settings), nullptr), nullptr, nullptr};
}

TEST(Given_model, Is_trained_with_the_numbers_that_the_run_records_so_that_it_goes_on_bit_for_bit) {
  const Runs runs;
  const std::vector<std::string> other = with(drawing, {"seed=7"});
  Trainer(runs.config("whole", other), model_of(runs, drawing)).run({});
  Trainer(runs.config("first", drawing), model_of(runs, drawing)).run({});
  EXPECT_NE(slurp(runs / "whole/model.safetensors"), slurp(runs / "first/model.safetensors"));
  {
    Trainer trainer(runs.config("parts", other), model_of(runs, drawing));
    run_until(trainer, 3);
  }
  EXPECT_EQ(Trainer::resume(runs / "parts", nullptr)->run({}), RunEnd::finished);
  expect_same_end(runs / "parts", runs / "whole", last);
}

TEST(Given_model, Whose_run_ends_before_its_first_step_goes_on_from_the_weights_that_were_given) {
  const Runs runs;
  for (const char* run : {"whole", "parts"}) {
    const TrainerParts parts = model_of(runs, fast);
    {
      const at::NoGradGuard no_grad;
      Tensor(parts.network->tensor("fc1.weight")).mul_(0.5);
    }
    Trainer trainer(runs.config(run, fast), parts);
    EXPECT_THAT(checkpoints(runs / run), ElementsAre("checkpoint-0.safetensors"));
    if (run == std::string("whole")) trainer.run({});
  }
  EXPECT_EQ(Trainer::resume(runs / "parts", nullptr)->run({}), RunEnd::finished);
  expect_same_end(runs / "parts", runs / "whole", last);
}

TEST(Given_model, Computes_in_the_precision_of_the_run_and_by_AUTO_in_its_own) {
  const Runs runs;
  const std::vector<std::string> narrow = with(fast, {"compute.precision=BF16"});
  const Trainer own(runs.config("", with(fast, {"compute.precision=AUTO"})), model_of(runs, narrow));
  EXPECT_EQ(own.config().experiment().compute().precision(), v1::Precision::BF16);

  const TrainerParts parts = model_of(runs, narrow);
  Trainer(runs.config("given", fast), parts).run({});
  EXPECT_EQ(parts.network->model().options().compute_type, at::kFloat);
  run_to_the_end(runs.config("plain", fast));
  EXPECT_EQ(slurp(runs / "given/model.safetensors"), slurp(runs / "plain/model.safetensors"));
}

TEST(Given_model, Keeps_the_order_of_memory_that_it_was_made_with) {
  const Runs runs;
  const TrainerParts parts = model_of(runs, {});
  const Error error = error_of([&] { Trainer(runs.config("", {"compute.memory_format=CONTIGUOUS"}), parts); });
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_EQ(error.field(), "compute.memory_format");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("CHANNELS_LAST"), HasSubstr("leave it AUTO")));
  const Trainer trainer(runs.config(""), parts);  // it is free, and as it was
  EXPECT_EQ(trainer.config().experiment().compute().memory_format(), v1::MemoryFormat::CHANNELS_LAST);
}

}  // namespace
}  // namespace signsym
