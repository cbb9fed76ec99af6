// How a run that was broken off goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <utility>

#include "train_runs.h"

namespace signsym {
namespace {

using testing::ElementsAre;

TEST(Run, That_failed_at_the_end_of_an_epoch_goes_on_there_and_skips_nothing) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  for (const EventKind kind : {EventKind::evaluation, EventKind::epoch})
    for (const int64_t epoch : {1, 2}) {
      const std::string name = "run" + std::to_string(static_cast<int>(kind)) + std::to_string(epoch);
      Trainer trainer(runs.config(name, fast));
      bool failed = false;
      trainer.reporter().listen([&](const Event& event) {
        if (event.kind == kind && event.epoch == epoch && !std::exchange(failed, true)) throw std::bad_alloc();
        return true;
      });
      EXPECT_THROW(trainer.run({}), std::bad_alloc);
      EXPECT_EQ(trainer.progress().epoch, epoch - 1);
      EXPECT_FALSE(trainer.metrics().finished);
      EXPECT_EQ(trainer.run({}), RunEnd::finished);
      expect_same_end(runs / name, runs / "whole", "checkpoint-10.safetensors");
      EXPECT_TRUE(trainer.metrics().finished);
    }
}

TEST(Run, Whose_last_checkpoint_could_not_be_written_writes_it_when_it_goes_on) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  Trainer trainer(runs.config("run", fast));
  const fs::path in_the_way = runs / "run/checkpoint-10.safetensors/file";
  trainer.reporter().listen([&](const Event& event) {
    if (event.kind == EventKind::epoch && event.epoch == 2) fs::create_directories(in_the_way);
    return true;
  });
  EXPECT_EQ(error_of([&] { trainer.run({}); }).status(), Status::io);
  fs::remove_all(in_the_way.parent_path());
  EXPECT_EQ(trainer.run({}), RunEnd::finished);
  expect_same_end(runs / "run", runs / "whole", "checkpoint-10.safetensors");
}

TEST(Run, Of_so_many_steps_whose_last_evaluation_failed_goes_on_with_it) {
  const Runs runs;
  const auto settings = with(fast, {"train.max_steps=7"});
  run_to_the_end(runs.config("whole", settings));
  Trainer trainer(runs.config("run", settings));
  bool failed = false;
  trainer.reporter().listen([&](const Event& event) {
    if (event.kind == EventKind::evaluation && event.step == 7 && !std::exchange(failed, true)) throw std::bad_alloc();
    return true;
  });
  EXPECT_THROW(trainer.run({}), std::bad_alloc);
  EXPECT_EQ(trainer.run({}), RunEnd::finished);
  expect_same_end(runs / "run", runs / "whole", "checkpoint-7.safetensors");
}

TEST(Run, That_is_cancelled_in_an_evaluation_ends_after_the_batch_and_goes_on_with_the_evaluation) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  {
    Trainer trainer(runs.config("run", fast));
    int asked = 0;  // at the end of the first epoch: before the evaluation, then before each of its three batches
    EXPECT_EQ(trainer.run([&] { return trainer.progress().batch == steps_per_epoch && ++asked == 3; }), RunEnd::cancelled);
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(trainer.progress().epoch, 0);
  }
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre("checkpoint-5.safetensors"));
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
  EXPECT_EQ(metrics(runs / "run", "evaluation").size(), metrics(runs / "whole", "evaluation").size());
  expect_same_end(runs / "run", runs / "whole", "checkpoint-10.safetensors");
}

TEST(Run, That_is_told_to_pause_at_its_start_makes_no_step) {
  const Runs runs;
  Trainer trainer(runs.config("", fast));
  bool once = true;
  trainer.reporter().listen([&](const Event& event) {
    if (event.kind == EventKind::start && std::exchange(once, false)) trainer.pause();
    return true;
  });
  EXPECT_EQ(trainer.run({}), RunEnd::paused);
  EXPECT_EQ(trainer.progress().step, 0);
  trainer.pause();  // of no run
  EXPECT_EQ(trainer.run({}), RunEnd::finished);
}

}  // namespace
}  // namespace signsym
