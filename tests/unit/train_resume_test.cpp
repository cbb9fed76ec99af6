// Equal runs give equal bytes, whole or in parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train_runs.h"

namespace signsym {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string last = "checkpoint-10.safetensors";

class Resume : public testing::TestWithParam<const char*> {};

TEST_P(Resume, Goes_on_bit_for_bit_from_any_step) {
  const Runs runs;
  const std::vector<std::string> settings{std::string("feedback.rule=") + GetParam()};
  run_to_the_end(runs.config("whole", settings));
  // After the first step, within an epoch, before, at and after its end, and before the last step.
  for (const int64_t steps : {1, 4, 5, 6, 9}) {
    const std::string name = std::to_string(steps);
    {
      Trainer trainer(runs.config(name, settings));
      run_until(trainer, steps);
    }
    EXPECT_EQ(Trainer::resume(runs / name, nullptr)->run({}), RunEnd::finished);
    expect_same_end(runs / name, runs / "whole", last);
  }
}
INSTANTIATE_TEST_SUITE_P(Under, Resume,
                         testing::Values("BACKPROP", "SIGN_SYMMETRY", "SIGN_SYMMETRY_BATCH_RANDOM",
                                         "SIGN_SYMMETRY_RANDOM_MAGNITUDE", "FEEDBACK_ALIGNMENT",
                                         "FEEDBACK_ALIGNMENT_SIGNED_INIT"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Resume, On_two_threads_and_in_bfloat16_goes_on_bit_for_bit_too) {
  for (const char* setting : {"compute.threads=2", "compute.precision=BF16"}) {
    const Runs runs;
    run_to_the_end(runs.config("whole", {setting}));
    {
      Trainer trainer(runs.config("run", {setting}));
      run_until(trainer, 4);
    }
    EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
    expect_same_end(runs / "run", runs / "whole", last);
  }
}

TEST(Resume, After_every_step_goes_on_bit_for_bit_too) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  Trainer(runs.config("parts", fast)).run([] { return true; });
  for (int64_t steps = 1; steps <= 9; ++steps) run_until(*Trainer::resume(runs / "parts", nullptr), steps);
  EXPECT_EQ(Trainer::resume(runs / "parts", nullptr)->run({}), RunEnd::finished);
  expect_same_end(runs / "parts", runs / "whole", last);
}

TEST(Resume, Reports_the_epoch_that_it_finishes_as_an_uninterrupted_run_does) {
  const Runs runs;
  run_to_the_end(runs.config("whole"));
  {
    Trainer trainer(runs.config("parts"));
    run_until(trainer, 3);
  }
  Trainer::resume(runs / "parts", nullptr)->run({});
  const std::vector<json> whole = metrics(runs / "whole", "epoch"), parts = metrics(runs / "parts", "epoch");
  ASSERT_EQ(whole.size(), 2u);
  ASSERT_EQ(parts.size(), 2u);
  for (size_t i = 0; i < whole.size(); ++i)
    for (const char* member : {"epoch", "step", "loss", "train_top1", "top1", "top5", "learning_rate"})
      EXPECT_EQ(parts[i][member], whole[i][member]) << member << " of epoch " << i + 1;
}

TEST(Resume, Writes_a_start_line_with_the_step_from_which_it_goes_on_and_counts_seconds_on) {
  const Runs runs;
  {
    Trainer trainer(runs.config("run", fast));
    run_until(trainer, 3);
  }
  const double before = metrics(runs / "run").back()["seconds"];
  Trainer::resume(runs / "run", nullptr)->run({});
  const std::vector<json> starts = metrics(runs / "run", "start");
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0]["step"], 0);
  EXPECT_EQ(starts[1]["step"], 3);
  EXPECT_EQ(starts[1]["config_hash"], starts[0]["config_hash"]);
  EXPECT_GT(starts[1]["seconds"].get<double>(), 0.5 * before);
}

TEST(Resume, Of_a_finished_run_trains_no_further) {
  const Runs runs;
  run_to_the_end(runs.config("run", fast));
  const std::string model = slurp(runs / "run" / "model.safetensors");
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
  EXPECT_TRUE(slurp(runs / "run" / "model.safetensors") == model);
  EXPECT_EQ(metrics(runs / "run", "epoch").size(), 2u);
}

TEST(Resume, Before_the_first_checkpoint_begins_again) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  { const Trainer trainer(runs.config("run", fast)); }
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
  expect_same_end(runs / "run", runs / "whole", last);
}

TEST(Resume, In_one_trainer_goes_on_where_the_first_call_ended) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  Trainer trainer(runs.config("run", fast));
  run_until(trainer, 2);
  run_until(trainer, 7);
  EXPECT_EQ(trainer.run({}), RunEnd::finished);
  expect_same_end(runs / "run", runs / "whole", last);
}

TEST(Resume, Finds_data_that_were_moved_where_the_config_given_says) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  {
    Trainer trainer(runs.config("run", fast));
    run_until(trainer, 3);
  }
  fs::rename(runs.data(), runs / "moved");
  EXPECT_EQ(error_of([&] { Trainer::resume(runs / "run", nullptr); }).status(), Status::not_found);
  const Config moved = runs.config("run", with(fast, {"data.cifar10.path=\"" + (runs / "moved").string() + "\""}));
  EXPECT_EQ(Trainer::resume(runs / "run", &moved)->run({}), RunEnd::finished);
  expect_same_end(runs / "run", runs / "whole", last);
}

TEST(Resume, Needs_the_file_of_its_initial_weights_no_more) {
  const Runs runs;
  run_to_the_end(runs.config("first", fast));
  const fs::path weights = runs / "weights.safetensors";
  fs::copy_file(runs / "first/model.safetensors", weights);
  const std::vector<std::string> settings = with(fast, {"model.weights=\"" + weights.string() + "\""});
  run_to_the_end(runs.config("whole", settings));
  {
    Trainer trainer(runs.config("run", settings));
    run_until(trainer, 3);
  }
  fs::remove(weights);
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
  expect_same_end(runs / "run", runs / "whole", last);
}

TEST(Resume, After_a_return_to_an_earlier_state_goes_on_from_what_was_done_since) {
  const Runs runs;
  const std::vector<std::string> settings = with(fast, {"output.checkpoint_every_steps=1", "output.keep_best=false"});
  {
    Trainer trainer(runs.config("run", settings));
    run_until(trainer, 1);
    const std::string early = trainer.checkpoint();
    run_until(trainer, 8);
    trainer.restore(early, "early");
    run_until(trainer, 3);
  }
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre("checkpoint-2.safetensors", "checkpoint-3.safetensors"));
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->progress().step, 3);
}

TEST(Resume, After_a_damaged_checkpoint_keeps_the_ones_that_it_writes_and_not_the_damaged_one) {
  const Runs runs;
  const std::vector<std::string> settings =
      with(fast, {"output.checkpoint_every_steps=1", "output.keep_best=false", "output.keep_last=2"});
  {
    Trainer trainer(runs.config("run", settings));
    run_until(trainer, 8);
  }
  spill(runs / "run/checkpoint-8.safetensors", "half of it");
  auto trainer = Trainer::resume(runs / "run", nullptr);
  trainer->run([] { return true; });
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre("checkpoint-7.safetensors"));
}

TEST(Resume, With_a_config_that_leaves_the_epochs_to_their_default_tells_them) {
  const Runs runs;
  Config config = runs.config("run", fast);
  config.experiment().mutable_train()->clear_epochs();
  const int64_t epochs = Trainer(config).config().experiment().train().epochs();
  auto trainer = Trainer::resume(runs / "run", &config);
  int64_t told = -1;
  trainer->reporter().listen([&](const Event& event) {
    told = event.epochs;
    return false;
  });
  trainer->run({});
  EXPECT_EQ(told, epochs);
}

TEST(Resume, Refuses_a_config_that_differs_in_more_than_places) {
  const Runs runs;
  run_to_the_end(runs.config("run", fast));
  const Config other = runs.config("run", with(fast, {"train.epochs=3"}));
  const Error error = error_of([&] { Trainer::resume(runs / "run", &other); });
  EXPECT_EQ(error.status(), Status::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("another folder"));
}

TEST(Resume, Refuses_a_folder_whose_config_was_changed) {
  const Runs runs;
  run_to_the_end(runs.config("run", fast));
  const fs::path file = runs / "run" / "config.textproto";
  std::string text = slurp(file);
  const size_t place = text.find("learning_rate: 0.05");
  ASSERT_NE(place, std::string::npos);
  spill(file, text.replace(place, 19, "learning_rate: 0.06"));
  const Error error = error_of([&] { Trainer::resume(runs / "run", nullptr); });
  EXPECT_EQ(error.status(), Status::mismatch);
  EXPECT_THAT(error.what(), HasSubstr("config.textproto"));
}

TEST(Equal_runs, Give_equal_bytes_and_another_seed_gives_others) {
  const Runs runs;
  run_to_the_end(runs.config("a"));
  run_to_the_end(runs.config("b"));
  run_to_the_end(runs.config("other", {"seed=2"}));
  expect_same_end(runs / "b", runs / "a", last);
  EXPECT_FALSE(slurp(runs / "other" / "model.safetensors") == slurp(runs / "a" / "model.safetensors"));
}

TEST(Equal_runs, Give_equal_bytes_on_two_threads) {
  const Runs runs;
  for (const char* name : {"a", "b"}) run_to_the_end(runs.config(name, {"compute.threads=2"}));
  expect_same_end(runs / "b", runs / "a", last);
}

TEST(Equal_runs, Give_equal_bytes_on_any_number_of_loader_threads) {
  const Runs runs;
  // The config is in the checkpoint, so that only the weights can be equal.
  std::string expected;
  for (const char* threads : {"0", "1", "3"}) {
    run_to_the_end(runs.config(threads, {std::string("data.loader_threads=") + threads}));
    const std::string model = slurp(runs / threads / "model.safetensors");
    if (expected.empty()) expected = model;
    EXPECT_FALSE(model.empty());
    EXPECT_TRUE(model == expected) << threads << " threads";
  }
}

TEST(Memory_formats, Agree_within_rounding) {
  const Runs runs;
  const auto losses = [&](const char* format) {
    std::vector<double> all;
    Trainer trainer(runs.config("", {std::string("compute.memory_format=") + format}));
    trainer.reporter().listen([&](const Event& event) {
      if (event.kind == EventKind::step) all.push_back(event.loss);
      return true;
    });
    trainer.run({});
    return all;
  };
  const std::vector<double> contiguous = losses("CONTIGUOUS"), channels_last = losses("CHANNELS_LAST");
  ASSERT_EQ(contiguous.size(), 10u);
  ASSERT_EQ(channels_last.size(), 10u);
  for (size_t i = 0; i < contiguous.size(); ++i) EXPECT_NEAR(channels_last[i], contiguous[i], 1e-3) << "step " << i + 1;
}

}  // namespace
}  // namespace signsym
