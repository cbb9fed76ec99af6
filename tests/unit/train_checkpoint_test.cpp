// Checkpoints that are damaged, of another model, or of a newer library.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/safetensors.h"
#include "models/mlp.h"
#include "models/resnet.h"
#include "train/checkpoint.h"
#include "train_runs.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

Learner learner(Graph graph) {
  auto model = std::make_unique<Model>(std::move(graph), ModelOptions{});
  model->set_feedback(std::vector<FeedbackRule>(model->layers().size(), FeedbackRule{Rule::feedback_alignment}), 1);
  auto optimizer =
      std::make_unique<Sgd>(model->parameters(), std::vector<bool>(model->parameters().size(), true), SgdOptions{});
  return Learner(std::move(model), std::move(optimizer), CrossEntropy{});
}

Learner stepped(Graph graph, std::vector<int64_t> shape) {
  Learner one = learner(std::move(graph));
  one.step(at::linspace(-1, 1, c10::multiply_integers(shape)).view(shape), at::arange(shape[0], at::kLong), 0, 0.1);
  return one;
}

Graph small_mlp(int64_t hidden = 3) { return mlp(4, {hidden}, 3, ActivationKind::tanh); }

std::vector<Tensor> state_of(const Learner& learner) {
  std::vector<Tensor> all;
  for (const NamedTensor& named : learner.model().state()) all.push_back(named.tensor.detach().clone());
  for (const NamedTensor& named : learner.model().stored_feedback()) all.push_back(named.tensor.clone());
  for (const NamedTensor& named : learner.optimizer().momentum()) all.push_back(named.tensor.clone());
  return all;
}

void expect_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i])) << i;
}

// The checkpoint with other metadata, its checksum right again: CRC-32 over metadata, names, types, shapes and data.
std::string with_metadata(const fs::path& path, const std::string& key, const std::string& value) {
  const Safetensors file = Safetensors::read(path);
  Metadata metadata = file.metadata();
  metadata[key] = value;
  metadata.erase("crc32");
  uLong crc = crc32(0, nullptr, 0);
  const auto add = [&](const void* data, size_t size) { crc = crc32_z(crc, static_cast<const Bytef*>(data), size); };
  for (const auto& [name, text] : metadata) add(name.c_str(), name.size() + 1), add(text.c_str(), text.size() + 1);
  for (const TensorView& view : file.tensors()) {
    const int64_t type = static_cast<int64_t>(view.type);
    add(view.name.c_str(), view.name.size() + 1);
    add(&type, sizeof type);
    add(view.shape.data(), view.shape.size() * sizeof(int64_t));
    add(view.data, view.bytes());
  }
  char text[16];
  std::snprintf(text, sizeof text, "%08lx", crc);
  metadata["crc32"] = text;
  return encode_safetensors(file.tensors(), metadata);
}

TEST(Checkpoint, Brings_back_parameters_buffers_feedback_weights_momentum_and_position) {
  const Scratch scratch;
  const Learner saved = stepped(resnet_cifar(8, 3, 4, 2), {2, 3, 8, 8});
  CheckpointHeader header;
  header.progress = {3, 7, 52, 0.1 + 0.2, 11, 140, 1.0 / 3, 45};
  header.config = "name: \"é \\\"\n\"";
  header.config_hash = "abc";
  write_checkpoint(scratch / "a", saved, header);

  const Checkpoint read = read_checkpoint(scratch / "a");
  Learner restored = learner(resnet_cifar(8, 3, 4, 2));
  restore(restored, read, "a");
  expect_equal(state_of(restored), state_of(saved));
  EXPECT_EQ(restored.optimizer().momentum().size(), restored.model().parameters().size());
  const Progress& p = read.header.progress;
  EXPECT_EQ(std::tie(p.epoch, p.batch, p.step, p.loss_sum, p.correct, p.samples, p.best_top1, p.best_step),
            std::make_tuple(3, 7, 52, 0.1 + 0.2, 11, 140, 1.0 / 3, 45));
  EXPECT_EQ(read.header.config, header.config);
  EXPECT_EQ(read.header.config_hash, header.config_hash);

  write_checkpoint(scratch / "b", restored, header);
  EXPECT_TRUE(slurp(scratch / "b") == slurp(scratch / "a"));
}

TEST(Checkpoint, With_any_bit_flipped_is_bad_data) {
  const Scratch scratch;
  write_checkpoint(scratch / "a", stepped(small_mlp(), {3, 4}), {});
  const std::string whole = slurp(scratch / "a");
  EXPECT_NO_THROW(read_checkpoint(scratch / "a"));
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= static_cast<char>(1 << i % 8);
    spill(scratch / "b", damaged);
    const Error error = error_of([&] { read_checkpoint(scratch / "b"); });
    ASSERT_EQ(error.status(), Status::bad_data) << "bit " << i % 8 << " of byte " << i << ": " << error.what();
    ASSERT_THAT(error.what(), HasSubstr((scratch / "b").string()));
  }
}

TEST(Checkpoint, Cut_off_anywhere_is_bad_data) {
  const Scratch scratch;
  write_checkpoint(scratch / "a", stepped(small_mlp(), {3, 4}), {});
  const std::string whole = slurp(scratch / "a");
  for (size_t size = 0; size < whole.size(); size += 1 + size / 16) {
    spill(scratch / "b", whole.substr(0, size));
    ASSERT_EQ(error_of([&] { read_checkpoint(scratch / "b"); }).status(), Status::bad_data) << size << " bytes";
  }
}

TEST(Checkpoint, Of_a_newer_format_asks_for_a_newer_library) {
  const Scratch scratch;
  write_checkpoint(scratch / "a", learner(small_mlp()), {});
  spill(scratch / "b", with_metadata(scratch / "a", "format_version", "1"));
  EXPECT_NO_THROW(read_checkpoint(scratch / "b"));
  spill(scratch / "b", with_metadata(scratch / "a", "format_version", "2"));
  const Error error = error_of([&] { read_checkpoint(scratch / "b"); });
  EXPECT_EQ(error.status(), Status::unsupported);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("format 2"), HasSubstr("newer signsym")));
}

TEST(Checkpoint, That_is_another_kind_of_file_is_bad_data) {
  const Scratch scratch;
  write_weights(scratch / "weights", learner(small_mlp()).model());
  EXPECT_EQ(error_of([&] { read_checkpoint(scratch / "weights"); }).status(), Status::bad_data);
  spill(scratch / "empty", "");
  EXPECT_EQ(error_of([&] { read_checkpoint(scratch / "empty"); }).status(), Status::bad_data);
  EXPECT_EQ(error_of([&] { read_checkpoint(scratch / "nowhere"); }).status(), Status::not_found);
}

TEST(Checkpoint, Of_another_width_names_the_first_tensor_and_both_shapes_and_changes_nothing) {
  const Scratch scratch;
  write_checkpoint(scratch / "a", stepped(resnet_cifar(8, 3, 4, 2), {2, 3, 8, 8}), {});
  Learner other = stepped(resnet_cifar(8, 3, 4, 3), {2, 3, 8, 8});
  const std::vector<Tensor> before = state_of(other);
  const Checkpoint read = read_checkpoint(scratch / "a");
  const Error error = error_of([&] { restore(other, read, "a"); });
  EXPECT_EQ(error.status(), Status::mismatch);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("conv1.weight"), HasSubstr("(2, 3, 3, 3)"), HasSubstr("(3, 3, 3, 3)")));
  expect_equal(state_of(other), before);
}

TEST(Checkpoint, Of_another_depth_names_the_tensor_that_is_missing_or_too_many) {
  const Scratch scratch;
  write_checkpoint(scratch / "8", learner(resnet_cifar(8, 3, 4, 2)), {});
  write_checkpoint(scratch / "14", learner(resnet_cifar(14, 3, 4, 2)), {});
  for (const auto& [file, depth] : {std::pair<const char*, int>{"8", 14}, {"14", 8}}) {
    Learner other = learner(resnet_cifar(depth, 3, 4, 2));
    const Checkpoint read = read_checkpoint(scratch / file);
    const Error error = error_of([&] { restore(other, read, file); });
    EXPECT_EQ(error.status(), Status::mismatch);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("layer1.1."), HasSubstr("(2")));
  }
}

TEST(Checkpoint, At_an_impossible_position_is_bad_data_and_names_the_field) {
  const Scratch scratch;
  CheckpointHeader header;
  header.progress = {3, 7, 52, 1.5, 11, 140, 50, 45, 0.1};
  write_checkpoint(scratch / "a", learner(small_mlp()), header);
  EXPECT_NO_THROW(read_checkpoint(scratch / "a"));
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"epoch", "-1"}, {"epoch", "9223372036854775807"}, {"epoch", "18446744073709551615"}, {"epoch", "1e300"},
           {"epoch", "1.5"}, {"epoch", "many"}, {"epoch", ""}, {"epoch", "true"},
           {"epoch", "46"},  // with 7 batches more than there were steps
           {"batch", "-1"}, {"batch", "53"}, {"batch", "9223372036854775807"},
           {"step", "-52"}, {"step", "9223372036854775807"},
           {"samples", "-1"}, {"samples", "9223372036854775807"}, {"correct", "-1"}, {"correct", "141"},
           {"best_step", "-2"}, {"best_step", "53"}, {"best_top1", "-2"}, {"best_top1", "100.5"}, {"best_top1", "1e999"},
           {"loss_sum", "nan"}, {"loss_sum", "1e999"}, {"learning_rate", "0"}, {"learning_rate", "-0.1"},
           {"learning_rate", "\"0.1\""}, {"format_version", "-1"}, {"format_version", "1e300"}}) {
    spill(scratch / "b", with_metadata(scratch / "a", key, value));
    const Error error = error_of([&] { read_checkpoint(scratch / "b"); });
    EXPECT_EQ(error.status(), Status::bad_data) << key << ' ' << value;
    EXPECT_THAT(error.what(), AllOf(HasSubstr((scratch / "b").string()), HasSubstr(key), HasSubstr(value),
                                    HasSubstr("expected")));
  }
}

TEST(Checkpoint, Of_parameters_that_are_not_finite_is_not_written) {
  const Scratch scratch;
  Learner one = learner(small_mlp());
  write_checkpoint(scratch / "a", one, {});
  const std::string before = slurp(scratch / "a");
  one.model().parameters()[1].tensor.detach()[0].fill_(NAN);
  const Error error = error_of([&] { write_checkpoint(scratch / "a", one, {}); });
  EXPECT_EQ(error.status(), Status::diverged);
  EXPECT_THAT(error.what(), HasSubstr(one.model().parameters()[1].name));
  EXPECT_TRUE(slurp(scratch / "a") == before);
}

TEST(Weights, Alone_are_the_parameters_and_buffers_and_a_model_starts_from_them) {
  const Scratch scratch;
  const Learner saved = stepped(resnet_cifar(8, 3, 4, 2), {2, 3, 8, 8});
  write_weights(scratch / "weights", saved.model());
  const Safetensors file = Safetensors::read(scratch / "weights");
  EXPECT_EQ(file.tensors().size(), saved.model().state().size());
  for (const NamedTensor& named : saved.model().state()) EXPECT_NE(file.find(named.name), nullptr) << named.name;

  write_checkpoint(scratch / "checkpoint", saved, {});
  for (const char* source : {"weights", "checkpoint"}) {
    Learner other = learner(resnet_cifar(8, 3, 4, 2));
    read_weights(scratch / source, other.model());
    write_weights(scratch / "again", other.model());
    EXPECT_TRUE(slurp(scratch / "again") == slurp(scratch / "weights")) << source;
  }
  std::string damaged = slurp(scratch / "checkpoint");
  damaged[damaged.size() - 10] ^= 1;
  spill(scratch / "damaged", damaged);
  EXPECT_EQ(error_of([&] { read_weights(scratch / "damaged", learner(resnet_cifar(8, 3, 4, 2)).model()); }).status(),
            Status::bad_data);
  Learner wider = learner(resnet_cifar(8, 3, 5, 2));
  const Error error = error_of([&] { read_weights(scratch / "weights", wider.model()); });
  EXPECT_EQ(error.status(), Status::mismatch);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("fc.weight"), HasSubstr("(4, 8)"), HasSubstr("(5, 8)")));
}

TEST(Weights, Of_another_floating_point_type_are_converted) {
  const Scratch scratch;
  Learner one = learner(small_mlp());
  std::vector<Tensor> keep;
  std::vector<TensorView> views;
  for (const NamedTensor& named : one.model().state()) {
    keep.push_back(named.tensor.detach().to(at::kDouble).contiguous());
    views.push_back({named.name, ScalarType::f64, named.tensor.sizes().vec(), keep.back().data_ptr()});
  }
  write_safetensors(scratch / "double", views, {});
  const std::vector<Tensor> before = state_of(one);
  read_weights(scratch / "double", one.model());
  expect_equal(state_of(one), before);
}

// ---- in a run folder ----

// A run of two epochs with a checkpoint after each step, and its last checkpoint.
class Damage : public testing::Test {
 protected:
  Damage() {
    run_to_the_end(runs_.config("whole", settings_));
    run_to_the_end(runs_.config("run", settings_));
  }
  const std::vector<std::string> settings_ = with(fast, {"output.checkpoint_every_steps=1", "output.keep_last=3"});
  const Runs runs_;
  const fs::path run_ = runs_ / "run";
  const std::string last_ = "checkpoint-10.safetensors";
};

TEST_F(Damage, Of_the_newest_checkpoint_falls_back_to_the_one_before_and_says_so) {
  const std::string whole = slurp(run_ / last_);
  std::vector<std::string> damaged{"", whole.substr(0, 7), whole.substr(0, whole.size() / 2),
                                   whole.substr(0, whole.size() - 1), whole + "more"};
  for (const size_t place : {size_t{0}, size_t{9}, size_t{700}, whole.size() / 2, whole.size() - 1}) {
    damaged.push_back(whole);
    damaged.back()[place] ^= 4;
  }
  for (size_t i = 0; i < damaged.size(); ++i) {
    spill(run_ / last_, damaged[i]);
    std::string told;
    auto trainer = Trainer::resume(run_, nullptr);
    EXPECT_EQ(trainer->progress().step, 9) << i;
    trainer->reporter().listen([&](const Event& event) {
      if (event.kind == EventKind::log) told += event.text;
      return true;
    });
    EXPECT_EQ(trainer->run({}), RunEnd::finished);
    EXPECT_THAT(told, AllOf(HasSubstr(last_), HasSubstr("the one before it is used"))) << i;
    EXPECT_THAT(log_of(run_), HasSubstr(told));  // which is UTF-8
    expect_same_end(run_, runs_ / "whole", last_);
  }
}

TEST_F(Damage, Of_all_checkpoints_is_an_error_that_says_what_to_do) {
  for (const std::string& name : checkpoints(run_)) spill(run_ / name, "nothing");
  const Error error = error_of([&] { Trainer::resume(run_, nullptr); });
  EXPECT_EQ(error.status(), Status::bad_data);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(" checkpoints is whole (" + (run_ / last_).string()),
                                  HasSubstr("remove them"), Not(HasSubstr("the one before it is used"))));
}

TEST_F(Damage, That_looks_like_a_newer_library_s_work_is_not_passed_over) {
  spill(run_ / last_, with_metadata(run_ / last_, "format_version", "2"));
  EXPECT_EQ(error_of([&] { Trainer::resume(run_, nullptr); }).status(), Status::unsupported);
}

TEST_F(Damage, That_puts_the_run_where_it_cannot_be_is_refused_and_changes_nothing) {
  Trainer trainer(runs_.config("", settings_));  // 2 epochs of 5 batches of up to 20 samples
  run_until(trainer, 3);
  const std::string before = trainer.checkpoint();
  spill(run_ / "now", before);
  for (const auto& [key, value, status] : std::initializer_list<std::tuple<const char*, const char*, Status>>{
           {"epoch", "3", Status::bad_data},
           {"batch", "6", Status::mismatch},
           {"samples", "1000", Status::mismatch}}) {
    std::string bytes = with_metadata(run_ / "now", "step", "100");
    spill(run_ / "later", bytes);
    const Error error = error_of([&] { trainer.restore(with_metadata(run_ / "later", key, value), "backup"); });
    EXPECT_EQ(error.status(), status) << key;
    EXPECT_THAT(error.what(), AllOf(HasSubstr("backup: " + std::string(key) + " " + value), HasSubstr("expected")));
    EXPECT_TRUE(trainer.checkpoint() == before) << key;
  }
  spill(run_ / last_, with_metadata(run_ / last_, "epoch", "3"));  // in a folder it is a damaged one
  EXPECT_EQ(Trainer::resume(run_, nullptr)->progress().step, 9);
}

TEST_F(Damage, By_a_checkpoint_of_another_model_is_a_mismatch_that_names_the_first_tensor_and_both_shapes) {
  run_to_the_end(runs_.config("other", with(settings_, {"model.mlp={ hidden: 5 }"})));
  fs::copy_file(runs_ / "other" / last_, run_ / last_, fs::copy_options::overwrite_existing);
  const Error error = error_of([&] { Trainer::resume(run_, nullptr); });
  EXPECT_EQ(error.status(), Status::mismatch);
  EXPECT_THAT(error.what(), HasSubstr(last_ + ": tensor fc1.weight has shape (5, 3072); this model's has (4, 3072)"));
}

TEST_F(Damage, By_a_checkpoint_of_the_same_model_under_another_config_is_a_mismatch_that_says_so) {
  run_to_the_end(runs_.config("other", with(settings_, {"optimizer.learning_rate=0.06"})));
  fs::copy_file(runs_ / "other" / last_, run_ / last_, fs::copy_options::overwrite_existing);
  const Error error = error_of([&] { Trainer::resume(run_, nullptr); });
  EXPECT_EQ(error.status(), Status::mismatch);
  EXPECT_THAT(error.what(), HasSubstr(last_ + ": it was saved under another config"));
}

}  // namespace
}  // namespace signsym
