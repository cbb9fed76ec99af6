#include <gmock/gmock.h>

#include <filesystem>
#include <limits>

#include "base/file.h"
#include "config_small.h"

namespace signsym {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Config odd_values() {
  Config config = parse(small);
  config.experiment().set_name("Größe \"∞\" \\ \n\t end");
  config.experiment().set_seed(std::numeric_limits<uint64_t>::max());
  config.experiment().mutable_optimizer()->set_learning_rate(0.1 + 0.2);
  config.experiment().mutable_optimizer()->set_clip_norm(std::numeric_limits<double>::denorm_min());
  config.experiment().mutable_optimizer()->mutable_schedule()->set_warmup_epochs(1.0 / 3);
  config.experiment().mutable_train()->set_max_steps(std::numeric_limits<int64_t>::max());
  for (double x : {0.1, 1e-300, 123456789.123456789})
    config.experiment().mutable_data()->mutable_transform(0)->mutable_normalize()->add_mean(-x),
        config.experiment().mutable_data()->mutable_transform(0)->mutable_normalize()->add_std(x);
  return config;
}

TEST(ConfigForms, What_is_written_reads_back_equal_in_each_form) {
  for (const Config& config : {Config(), parse(small), odd_values(), odd_values().resolved()})
    for (Format format : forms) {
      const std::string bytes = config.write(format);
      const Config back = Config::parse(bytes, format, "b");
      EXPECT_TRUE(equal(back, config)) << bytes;
      EXPECT_EQ(back.write(format), bytes);
    }
}

TEST(ConfigForms, Text_begins_with_its_message_type_and_json_keeps_the_names) {
  EXPECT_THAT(parse(small).write(Format::text), StartsWith("# proto-message: signsym.v1.Experiment\n"));
  EXPECT_THAT(parse(small).resolved().write(Format::json), HasSubstr("\"batch_size\": \"128\""));
}

TEST(ConfigForms, Json_is_read_with_both_spellings_of_names_and_of_whole_numbers) {
  const std::string start = "{\"data\": {\"mnist\": {\"path\": \"mnist\"}, \"transform\": null, ";
  const std::string end = "}, \"model\": {\"lenet\": {}}}";
  const Config a = Config::parse(start + "\"batch_size\": 3" + end, Format::json, "a");
  const Config b = Config::parse(start + "\"batchSize\": \"3\"" + end, Format::json, "b");
  EXPECT_EQ(a.experiment().data().batch_size(), 3);
  EXPECT_TRUE(equal(a, b));
}

TEST(ConfigForms, A_byte_order_mark_is_passed_over) {
  EXPECT_TRUE(equal(parse("\xEF\xBB\xBF" + std::string(small)), parse(small)));
  EXPECT_NO_THROW(Config::parse("\xEF\xBB\xBF{}", Format::json, "a"));
}

TEST(ConfigForms, A_file_is_read_by_its_ending) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "signsym_config_test";
  std::filesystem::create_directories(folder);
  for (auto [name, format] : {std::pair("a.textproto", Format::text), std::pair("a.txtpb", Format::text),
                              std::pair("a.pbtxt", Format::text), std::pair("a", Format::text),
                              std::pair("a.json", Format::json), std::pair("a.binpb", Format::binary),
                              std::pair("a.pb", Format::binary)}) {
    write_file(folder / name, {parse(small).write(format)});
    EXPECT_TRUE(equal(Config::read((folder / name).string()), parse(small))) << name;
  }
  std::filesystem::remove_all(folder);
}

TEST(ConfigResolved, Defaults_are_written_out_and_what_was_set_stays) {
  Config config = parse(std::string(small) + "optimizer { sgd { momentum: 0.5 } }").resolved();
  const v1::Experiment& e = config.experiment();
  EXPECT_EQ(e.optimizer().sgd().momentum(), 0.5);
  EXPECT_EQ(e.optimizer().sgd().weight_decay(), 1e-4);
  EXPECT_TRUE(e.optimizer().schedule().has_constant());
  EXPECT_TRUE(e.loss().has_cross_entropy());
  EXPECT_EQ(e.train().epochs(), 30);
  EXPECT_EQ(e.feedback().rule(), v1::SIGN_SYMMETRY);
  EXPECT_EQ(e.model().initialization(), v1::PYTORCH);
  EXPECT_FALSE(e.data().has_validation_fraction());
  EXPECT_FALSE(e.train().has_max_steps());
  EXPECT_FALSE(e.output().has_folder());
}

TEST(ConfigResolved, Defaults_that_hang_on_another_field_follow_it) {
  Config config = parse(small);
  config.set("data.held_out", "VALIDATION");
  config.set("model.resnet_cifar", "{}");
  EXPECT_EQ(config.resolved().experiment().data().validation_fraction(), 0.1);
  EXPECT_EQ(config.resolved().experiment().model().initialization(), v1::KAIMING_NORMAL);
}

TEST(ConfigResolved, Resolving_twice_changes_nothing) {
  for (const char* held_out : {"TEST", "VALIDATION"}) {
    Config config = parse(small);
    config.set("data.held_out", held_out);
    EXPECT_TRUE(equal(config.resolved().resolved(), config.resolved()));
  }
}

TEST(ConfigHash, It_is_the_same_in_each_form_and_order_and_with_defaults_written_out) {
  const Config config = parse(small);
  EXPECT_THAT(config.hash(), ::testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(config.resolved().hash(), config.hash());
  for (Format format : forms) EXPECT_EQ(Config::parse(config.write(format), format, "b").hash(), config.hash());
  EXPECT_EQ(parse("model { lenet {} } data { transform { normalize {} } mnist { path: \"mnist\" } }").hash(),
            config.hash());
}

TEST(ConfigHash, It_does_not_depend_on_places) {
  Config config = parse(small);
  config.set("data.mnist.path", "elsewhere");
  config.set("output.folder", "runs/1");
  config.set("model.weights", "a.safetensors");
  EXPECT_EQ(config.hash(), parse(small).hash());
}

TEST(ConfigHash, It_depends_on_the_order_and_the_values_of_lists) {
  Config a = parse(small), b = parse(small), c = parse(small);
  a.set("data.transform[0].normalize", "mean: [0.5, 0.25] std: [1, 1]");
  b.set("data.transform[0].normalize", "mean: [0.25, 0.5] std: [1, 1]");
  c.set("data.transform[0].normalize", "mean: [0.5, 0.25] std: [1, 2]");
  EXPECT_NE(a.hash(), b.hash());
  EXPECT_NE(a.hash(), c.hash());
}

TEST(ConfigHash, A_config_that_is_wrong_has_none) { EXPECT_THROW(parse("").hash(), Error); }

TEST(Config, Places_are_left_out_at_any_depth_and_nothing_else) {
  Config config = parse(small);
  config.set("output", "folder: \"out\" keep_last: 3");
  config.set("model.weights", "w");
  v1::Experiment expected = config.experiment();
  expected.mutable_output()->clear_folder();
  expected.mutable_model()->clear_weights();
  expected.mutable_data()->mutable_mnist()->clear_path();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(without_places(config.experiment()), expected));
}

TEST(Config, Every_example_config_resolves) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNSYM_SOURCE_DIR "/examples/configs")) {
    EXPECT_NO_THROW(Config::read(entry.path().string()).resolved().hash()) << entry.path();
    EXPECT_THAT(read_file(entry.path()), StartsWith("# proto-message: signsym.v1.Experiment\n")) << entry.path();
    ++seen;
  }
  EXPECT_GE(seen, 4);
}

}  // namespace
}  // namespace signsym
