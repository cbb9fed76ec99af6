#include <gmock/gmock.h>

#include "config_small.h"

namespace signsym {
namespace {

using ::testing::HasSubstr;

TEST(ConfigSet, A_value_is_given_by_path_in_text_form) {
  Config config = parse(small);
  config.set("optimizer.learning_rate", "0.05");
  config.set("optimizer.schedule.step.every_epochs", "3");
  config.set("feedback.rule", "SHAM");
  config.set("compute.deterministic", "false");
  config.set("name", "two words");
  config.set("data.cifar10.path", "/a/\"b\"/c");
  config.set("data.batchSize", "7");
  config.set("model.mlp.hidden", "[300, 100]");
  config.set("model.mlp.hidden[2]", "50");
  config.set("model.mlp.hidden[0]", "400");
  config.set("data.transform[1].crop.padding", "2");
  config.set("data.transform[0]", "flip { probability: 0.25 }");
  config.set("optimizer.no_decay", "*.bias");
  config.set("optimizer.no_decay[1]", "'bn*'");
  const v1::Experiment& e = config.experiment();
  EXPECT_EQ(e.optimizer().learning_rate(), 0.05);
  EXPECT_EQ(e.optimizer().schedule().step().every_epochs(), 3);
  EXPECT_EQ(e.feedback().rule(), v1::SHAM);
  EXPECT_TRUE(e.compute().has_deterministic());
  EXPECT_FALSE(e.compute().deterministic());
  EXPECT_EQ(e.name(), "two words");
  EXPECT_EQ(e.data().cifar10().path(), "/a/\"b\"/c");
  EXPECT_FALSE(e.data().has_mnist());
  EXPECT_EQ(e.data().batch_size(), 7);
  EXPECT_THAT(e.model().mlp().hidden(), ::testing::ElementsAre(400, 100, 50));
  EXPECT_EQ(e.data().transform(0).flip().probability(), 0.25);
  EXPECT_EQ(e.data().transform(1).crop().padding(), 2);
  EXPECT_THAT(e.optimizer().no_decay(), ::testing::ElementsAre("*.bias", "bn*"));
}

TEST(ConfigSet, A_message_is_replaced_with_or_without_braces) {
  Config config = parse(small);
  for (const char* value : {"{ depth: 34 }", "depth: 34", " { depth: 34 } # why", "depth: 34 # why"}) {
    config.set("model.resnet", "width: 3");
    config.set("model.resnet", value);
    EXPECT_EQ(config.experiment().model().resnet().ShortDebugString(), "depth: 34");
  }
  config.set("model.resnet", "{}");
  EXPECT_EQ(config.experiment().model().resnet().ShortDebugString(), "");
  config.set("model.lenet", "");
  EXPECT_TRUE(config.experiment().model().has_lenet());
}

TEST(ConfigSet, An_error_says_that_the_value_came_from_the_command_line) {
  EXPECT_EQ(set_fault("optimizer.learning_rate", "-1"),
            "a.textproto: optimizer.learning_rate (set after reading): -1 is out of range: a finite number > 0 "
            "is expected");
  EXPECT_EQ(set_fault("optimizer.learning_rate", "fast"),
            "a.textproto: optimizer.learning_rate (set after reading): fast was found: a finite number > 0 "
            "is expected");
}

TEST(ConfigSet, A_place_in_the_file_is_forgotten_where_a_value_is_set_over_it) {
  Config config = parse(std::string(small) + "optimizer { sgd { momentum: 2 } learning_rate: 1 }");
  EXPECT_EQ(config.where("optimizer.sgd.momentum"), "a.textproto:6:19: optimizer.sgd.momentum");
  config.set("optimizer.sgd", "{ dampening: 0 }");
  EXPECT_EQ(config.where("optimizer.sgd.momentum"), "a.textproto: optimizer.sgd.momentum (set after reading)");
  EXPECT_EQ(config.where("optimizer.learning_rate"), "a.textproto:6:33: optimizer.learning_rate");
  EXPECT_EQ(config.where("train.epochs"), "a.textproto: train.epochs");
  EXPECT_EQ(config.where(""), "a.textproto");
}

TEST(ConfigSet, A_wrong_path_is_answered_with_what_there_is) {
  EXPECT_THAT(set_fault("optimizer.learnig_rate", "1"), HasSubstr("did you mean learning_rate?"));
  EXPECT_THAT(set_fault("", "1"), HasSubstr("the config has no field \"\"; it has name, seed"));
  EXPECT_THAT(set_fault("data..x", "1"), HasSubstr("data has no field \"\""));
  EXPECT_THAT(set_fault("seed.x", "1"), HasSubstr("seed (set after reading): has no fields"));
  EXPECT_THAT(set_fault("seed[0]", "1"), HasSubstr("is no list"));
  EXPECT_THAT(set_fault("data.transform.flip", "{}"), HasSubstr("name an element of it, as in data.transform[0]"));
  EXPECT_THAT(set_fault("data.transform[2].flip", "{}"), HasSubstr("does not exist: an index from 0 to 1 is expected"));
  for (const char* path : {"data.transform[x]", "data.transform[-1]", "data.transform[]", "data.transform[0",
                           "data.transform[0]x", "data.transform[99999999999]", "data.transform[0][0]"})
    EXPECT_THAT(set_fault(path, "flip {}"), HasSubstr("an index in brackets is expected")) << path;
}

TEST(ConfigSet, A_value_that_is_more_or_less_than_one_is_refused) {
  EXPECT_THAT(set_fault("seed", "5 name: \"x\""), HasSubstr("more or less than one value"));
  EXPECT_THAT(set_fault("model.lenet", "{} weights: \"x\""), HasSubstr("more or less than one value"));
  EXPECT_THAT(set_fault("optimizer.no_decay[0]", "[\"a\", \"b\"]"), HasSubstr("more or less than one value"));
  EXPECT_THAT(set_fault("seed", ""), HasSubstr("nothing was found"));
  EXPECT_THAT(set_fault("feedback", "rule: SHAM } seed { "), HasSubstr("a.textproto"));
}

TEST(ConfigSet, An_error_leaves_the_config_as_it_was) {
  Config config = parse(small);
  const std::string before = config.write(Format::binary);
  for (auto [path, value] : {std::pair("data.cifar10.path.x", "1"), std::pair("data.cifar10.pth", "1"),
                             std::pair("optimizer.sgd.momentum", "x"), std::pair("data.transform[1].flop", "1"),
                             std::pair("feedback.rule", "4711"), std::pair("data.cifar10.path", "\xff")})
    EXPECT_NE(fault([&, path = path, value = value] { config.set(path, value); }).first, "no error") << path;
  EXPECT_EQ(config.write(Format::binary), before);
}

}  // namespace
}  // namespace signsym
