// What a run leaves in its folder (docs/run-folder.md), and folders that do not let it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cmath>

#include "base/safetensors.h"
#include "file_size_limit.h"
#include "permissions.h"
#include "train_runs.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string checkpoint(int64_t step) { return "checkpoint-" + std::to_string(step) + ".safetensors"; }

// No step changes a weight: every evaluation has the same result, so that the first one stays the best.
const std::vector<std::string> standstill = with(fast, {"optimizer.learning_rate=1e-30", "train.epochs=5"});

TEST(Retention, Keeps_the_newest_checkpoints_and_the_best) {
  const Runs runs;
  run_to_the_end(runs.config("run", standstill));
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre(checkpoint(20), checkpoint(25), checkpoint(5)));
  run_to_the_end(runs.config("newest", with(standstill, {"output.keep_best=false", "output.keep_last=3"})));
  EXPECT_THAT(checkpoints(runs / "newest"), ElementsAre(checkpoint(15), checkpoint(20), checkpoint(25)));
  run_to_the_end(runs.config("one", with(standstill, {"output.keep_best=false", "output.keep_last=1"})));
  EXPECT_THAT(checkpoints(runs / "one"), ElementsAre(checkpoint(25)));
}

TEST(Retention, Keeps_the_best_of_before_a_resume) {
  const Runs runs;
  {
    Trainer trainer(runs.config("run", standstill));
    run_until(trainer, 12);
  }
  Trainer::resume(runs / "run", nullptr)->run({});
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre(checkpoint(20), checkpoint(25), checkpoint(5)));
}

TEST(Retention, Saves_each_so_many_epochs_and_steps_and_at_the_end) {
  const Runs runs;
  const std::vector<std::string> all = with(fast, {"train.epochs=3", "output.keep_last=100", "output.keep_best=false"});
  run_to_the_end(runs.config("epochs", with(all, {"output.checkpoint_every_epochs=2"})));
  EXPECT_THAT(checkpoints(runs / "epochs"), ElementsAre(checkpoint(10), checkpoint(15)));
  run_to_the_end(runs.config("steps", with(all, {"output.checkpoint_every_epochs=3", "output.checkpoint_every_steps=4"})));
  EXPECT_THAT(checkpoints(runs / "steps"), ElementsAre(checkpoint(12), checkpoint(15), checkpoint(4), checkpoint(8)));
  run_to_the_end(runs.config("limited", with(all, {"train.max_steps=7", "output.checkpoint_every_epochs=9"})));
  EXPECT_THAT(checkpoints(runs / "limited"), ElementsAre(checkpoint(7)));
}

TEST(Run_folder, Holds_the_resolved_config_and_the_model_alone) {
  const Runs runs;
  Trainer trainer(runs.config("run"));
  trainer.run({});
  const Config written = Config::read((runs / "run" / "config.textproto").string());
  EXPECT_EQ(written.hash(), trainer.config().hash());
  EXPECT_EQ(written.experiment().model().resnet_cifar().classes(), 10);
  EXPECT_EQ(written.experiment().compute().memory_format(), v1::MemoryFormat::CHANNELS_LAST);

  const Safetensors model = Safetensors::read(runs / "run" / "model.safetensors");
  const std::vector<NamedTensor> state = trainer.learner().model().state();
  EXPECT_EQ(model.tensors().size(), state.size());
  for (const NamedTensor& named : state) {
    const TensorView* view = model.find(named.name);
    ASSERT_NE(view, nullptr) << named.name;
    EXPECT_EQ(view->shape, named.tensor.sizes().vec());
    const Tensor plain = named.tensor.detach().contiguous();
    EXPECT_EQ(std::memcmp(view->data, plain.data_ptr(), view->bytes()), 0) << named.name;
  }
}

TEST(Run_folder, Has_a_line_of_JSON_for_each_thing_that_happened_in_order) {
  const Runs runs;
  run_to_the_end(runs.config("run", {"name=\"a \\\"name\\\"\""}));
  const std::vector<json> lines = metrics(runs / "run");
  std::vector<std::string> events;
  for (const json& line : lines) {
    EXPECT_TRUE(line["step"].is_number_integer() && line["seconds"].is_number()) << line;
    if (line["event"] != "progress") events.push_back(line["event"]);
  }
  EXPECT_THAT(events, ElementsAre("start", "evaluation", "evaluation", "epoch", "checkpoint", "evaluation", "epoch",
                                  "checkpoint", "end"));
  for (size_t i = 1; i < lines.size(); ++i) {
    EXPECT_GE(lines[i]["step"], lines[i - 1]["step"]);
    EXPECT_GE(lines[i]["seconds"], lines[i - 1]["seconds"]);
  }

  const json& start = lines[0];
  EXPECT_EQ(start["format"], 1);
  EXPECT_EQ(start["name"], "a \"name\"");
  EXPECT_EQ(start["seed"], 1);
  EXPECT_EQ(start["model"]["name"], "resnet_cifar8");
  EXPECT_EQ(start["layers"].size(), 10u);
  EXPECT_EQ(start["layers"][0], json({{"name", "conv1"}, {"kind", "conv2d"}, {"shape", {2, 3, 3, 3}}, {"rule", "SIGN_SYMMETRY"}}));
  EXPECT_EQ(start["layers"][9]["kind"], "linear");
  EXPECT_EQ(start["data"], json({{"name", "cifar10"}, {"train", 96}, {"held_out", 40}, {"held_out_kind", "test"}, {"classes", 10}}));
  EXPECT_EQ(start["epochs"], 2);
  EXPECT_EQ(start["steps_per_epoch"], 5);
  EXPECT_EQ(start["batch_size"], 20);
  EXPECT_EQ(start["device"], "CPU");
  EXPECT_EQ(start["precision"], "FP32");
  EXPECT_EQ(start["memory_format"], "CHANNELS_LAST");
  EXPECT_EQ(start["config_hash"].get<std::string>().size(), 64u);
  EXPECT_EQ(start["machine"]["threads"], 1);
  for (const char* member : {"processor", "cores", "memory_bytes", "system"}) EXPECT_TRUE(start["machine"].contains(member)) << member;
  for (const char* member : {"signsym", "libtorch", "protobuf"}) EXPECT_TRUE(start["versions"].contains(member)) << member;

  for (const json& line : metrics(runs / "run", "evaluation")) {
    if (line["epoch"] != 0) {
      EXPECT_EQ(line["samples"], 40);
      EXPECT_GE(line["top5"], line["top1"]);
      EXPECT_GT(line["loss"], 0);
    }
    ASSERT_EQ(line["alignment"].size(), 10u);
    for (const json& layer : line["alignment"]) EXPECT_TRUE(layer.contains("layer") && layer.contains("angle") && layer.contains("norm_ratio"));
  }
  EXPECT_EQ(metrics(runs / "run", "evaluation")[0]["epoch"], 0);
  for (const json& line : metrics(runs / "run", "epoch"))
    for (const char* member : {"epoch", "loss", "train_top1", "top1", "top5", "learning_rate", "samples_per_second",
                               "step_seconds", "data_wait_seconds"})
      EXPECT_TRUE(line[member].is_number()) << member;
  const std::vector<json> progress = metrics(runs / "run", "progress");
  ASSERT_EQ(progress.size(), 10u);
  EXPECT_EQ(progress[0]["epoch"], 1);
  EXPECT_EQ(progress[0]["epochs_done"], 0.2);
  EXPECT_EQ(progress[9]["epochs_done"], 2.0);
  EXPECT_EQ(metrics(runs / "run", "checkpoint")[1]["file"], checkpoint(10));
  EXPECT_EQ(lines.back()["status"], "finished");
}

TEST(Run_folder, Has_about_ten_progress_lines_in_an_epoch_of_many_steps_whose_losses_make_up_the_epoch_s) {
  const Runs runs;
  run_to_the_end(runs.config("run", with(fast, {"train.epochs=1", "data.batch_size=2"})));
  const std::vector<json> progress = metrics(runs / "run", "progress");
  EXPECT_EQ(progress.size(), 10u);
  double sum = 0;
  int64_t step = 0;
  for (const json& line : progress) {
    sum += line["loss"].get<double>() * (line["step"].get<int64_t>() - step);
    step = line["step"];
  }
  EXPECT_EQ(step, 48);
  EXPECT_NEAR(sum / 48, metrics(runs / "run", "epoch")[0]["loss"].get<double>(), 1e-9);
}

TEST(Run_folder, Loses_a_torn_last_line_and_nothing_else_when_the_run_goes_on) {
  const Runs runs;
  {
    Trainer trainer(runs.config("run", fast));
    run_until(trainer, 3);
  }
  const size_t before = metrics(runs / "run").size();
  spill(runs / "run" / "metrics.jsonl", slurp(runs / "run" / "metrics.jsonl") + "{\"event\": \"prog");
  Trainer::resume(runs / "run", nullptr)->run({});
  EXPECT_GT(metrics(runs / "run").size(), before);  // every line is JSON
}

// ---- folders that do not let it ----

TEST(Run_folder, That_holds_a_run_already_is_refused_and_left_alone) {
  const Runs runs;
  run_to_the_end(runs.config("run", fast));
  const std::string before = slurp(runs / "run" / "metrics.jsonl");
  const Error error = error_of([&] { Trainer(runs.config("run", fast)); });
  EXPECT_EQ(error.status(), Status::already_exists);
  EXPECT_EQ(error.field(), "output.folder");
  EXPECT_THAT(error.what(), AllOf(HasSubstr((runs / "run").string()), HasSubstr("resume")));
  EXPECT_EQ(slurp(runs / "run" / "metrics.jsonl"), before);
}

TEST(Run_folder, That_another_trainer_writes_is_busy_until_it_ends) {
  const Runs runs;
  {
    Trainer trainer(runs.config("run", fast));
    run_until(trainer, 2);
    const Error error = error_of([&] { Trainer::resume(runs / "run", nullptr); });
    EXPECT_EQ(error.status(), Status::busy);
    EXPECT_THAT(error.what(), HasSubstr((runs / "run").string()));
  }
  EXPECT_NO_THROW(Trainer::resume(runs / "run", nullptr));
}

TEST(Run_folder, That_is_no_run_cannot_be_resumed) {
  const Runs runs;
  for (const char* name : {"nowhere", "data"}) {
    const Error error = error_of([&] { Trainer::resume(runs / name, nullptr); });
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_THAT(error.what(), HasSubstr("no run"));
  }
  EXPECT_FALSE(fs::exists(runs / "nowhere"));
}

TEST(Run_folder, Where_a_file_of_that_name_lies_is_an_error) {
  const Runs runs;
  spill(runs / "file", "mine");
  EXPECT_EQ(error_of([&] { Trainer(runs.config("file", fast)); }).status(), Status::io);
  EXPECT_EQ(error_of([&] { Trainer(runs.config("file/below", fast)); }).status(), Status::io);
  EXPECT_EQ(slurp(runs / "file"), "mine");
}

TEST(Run_folder, That_may_not_be_made_entered_or_read_is_an_error_that_names_it) {
  const Runs runs;
  run_to_the_end(runs.config("closed/run", fast));
  const Config below = runs.config("closed/new", fast), itself = runs.config("closed", fast);
  fs::permissions(runs.data(), fs::perms::all);
  const Forbidden forbidden(runs / "closed");
  if (!forbidden.works()) GTEST_SKIP() << "this user may read everything";
  for (const auto& call : {std::function<void()>([&] { Trainer{below}; }), std::function<void()>([&] { Trainer{itself}; }),
                           std::function<void()>([&] { Trainer::resume(runs / "closed/run", nullptr); })}) {
    const Error error = error_of(call);
    EXPECT_EQ(error.status(), Status::io);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("closed"), HasSubstr("ermission denied"), HasSubstr("choose another folder")));
  }
}

TEST(Run_folder, In_which_nothing_may_be_written_is_an_error_that_says_what_to_do) {
  const Runs runs;
  run_to_the_end(runs.config("closed", fast));
  fs::rename(runs / "closed/metrics.jsonl", runs / "metrics.jsonl");  // to resume, it would have to be made
  fs::create_directory(runs / "closed/empty");
  const Config below = runs.config("closed/new", fast), empty = runs.config("closed/empty", fast);
  fs::permissions(runs.data(), fs::perms::all);
  fs::permissions(runs / "closed/empty", fs::perms(0555));
  const Forbidden forbidden(runs / "closed", 0555);
  if (!forbidden.works()) GTEST_SKIP() << "this user may write everywhere";
  for (const auto& call : {std::function<void()>([&] { Trainer{below}; }), std::function<void()>([&] { Trainer{empty}; }),
                           std::function<void()>([&] { Trainer::resume(runs / "closed", nullptr); })}) {
    const Error error = error_of(call);
    EXPECT_EQ(error.status(), Status::io);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("closed"), HasSubstr("Permission denied"), HasSubstr("choose another folder")));
  }
  EXPECT_FALSE(fs::exists(runs / "closed/metrics.jsonl"));
}

TEST(Run_folder, That_holds_a_checkpoint_of_another_run_is_refused_and_left_alone) {
  const Runs runs;
  fs::create_directory(runs / "run");
  spill(runs / "run" / checkpoint(5000), "of value");
  const Error error = error_of([&] { Trainer(runs.config("run", fast)); });
  EXPECT_EQ(error.status(), Status::already_exists);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(checkpoint(5000)), HasSubstr("name another folder")));
  EXPECT_EQ(slurp(runs / "run" / checkpoint(5000)), "of value");
  EXPECT_FALSE(fs::exists(runs / "run/metrics.jsonl"));
}

TEST(Run_folder, In_which_a_run_on_a_given_model_was_cut_off_as_it_began_is_taken_by_the_next) {
  const Runs runs;
  fs::create_directory(runs / "run");
  spill(runs / "run" / checkpoint(0), "of weights that were given");
  { const Trainer trainer(runs.config("run", fast)); }
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre());
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->progress().step, 0);
}

TEST(Run_folder, That_cannot_be_listed_is_an_error_and_no_folder_without_checkpoints) {
  const Scratch scratch;
  spill(scratch / "file", "");
  EXPECT_EQ(error_of([&] { RunFolder::checkpoint_files(scratch / "file"); }).status(), Status::io);
  EXPECT_TRUE(RunFolder::checkpoint_files(scratch / "nowhere").empty());
}

// A file system of a given size, where this process may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& path) : path_(path) {
    fs::create_directory(path);
    works_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=144k") == 0;
  }
  ~SmallDisk() {
    if (works_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool works() const { return works_; }
  void enlarge() { EXPECT_EQ(::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, "size=4m"), 0); }

 private:
  fs::path path_;
  bool works_ = false;
};

// A checkpoint of this model is about 100 KB: the first fits, the second does not.
TEST(Full_disk, Ends_the_run_with_advice_and_keeps_what_was_saved_and_the_run_goes_on_when_there_is_space) {
  const Runs runs;
  run_to_the_end(runs.config("whole", fast));
  SmallDisk disk(runs / "disk");
  if (!disk.works()) GTEST_SKIP() << "this user may mount no file system";
  const Error error = error_of([&] { run_to_the_end(runs.config("disk/run", fast)); });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("checkpoint-10"), HasSubstr("free some space")));
  EXPECT_THAT(checkpoints(runs / "disk/run"), ElementsAre(checkpoint(5)));
  EXPECT_EQ(metrics(runs / "disk/run").back()["status"], "failed");

  disk.enlarge();
  auto trainer = Trainer::resume(runs / "disk/run", nullptr);
  EXPECT_EQ(trainer->progress().step, 5);
  EXPECT_EQ(trainer->run({}), RunEnd::finished);
  expect_same_end(runs / "disk/run", runs / "whole", checkpoint(10));
}

TEST(Full_disk, Leaves_whole_lines_of_metrics_to_which_more_are_written_when_there_is_space) {
  const Scratch scratch;
  RunFolder folder = RunFolder::create(scratch / "run");
  folder.append_metrics("{\"event\":\"start\"}");
  {
    const FileSizeLimit limit(30);
    EXPECT_EQ(error_of([&] { folder.append_metrics("{\"event\":\"progress\"}"); }).status(), Status::io);
  }
  folder.append_metrics("{\"event\":\"end\"}");
  EXPECT_EQ(slurp(scratch / "run/metrics.jsonl"), "{\"event\":\"start\"}\n{\"event\":\"end\"}\n");
}

TEST(Full_disk, Is_like_a_limit_of_file_sizes) {
  const Runs runs;
  const Error error = error_of([&] {
    const FileSizeLimit limit(50000);
    run_to_the_end(runs.config("run", fast));
  });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_THAT(error.what(), HasSubstr("checkpoint-5"));
  EXPECT_THAT(checkpoints(runs / "run"), ElementsAre());
  EXPECT_EQ(Trainer::resume(runs / "run", nullptr)->run({}), RunEnd::finished);
}

}  // namespace
}  // namespace signsym
