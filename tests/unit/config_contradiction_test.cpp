#include <gmock/gmock.h>

#include "config_small.h"

namespace signsym {
namespace {

using ::testing::HasSubstr;

TEST(ConfigContradictions, What_is_not_chosen_is_told_with_the_choices) {
  EXPECT_EQ(text_fault(""), "a.textproto: data: is missing: a message in braces is expected");
  EXPECT_EQ(text_fault("data {}\nmodel {}"), "a.textproto:1:1: data: has no source: one of cifar10, mnist, host is expected");
  EXPECT_EQ(text_fault("data { mnist { path: \"x\" } }\nmodel {}"),
            "a.textproto:2:1: model: has no kind: one of lenet, mlp, resnet, resnet_cifar, graph is expected");
  EXPECT_EQ(set_fault("data.transform[1]", "{}"),
            "a.textproto: data.transform[1] (set after reading): has no kind: one of crop, flip, normalize is "
            "expected");
}

TEST(ConfigContradictions, Two_kinds_of_clipping_are_refused) {
  EXPECT_THAT(text_fault(std::string(small) + "optimizer { clip_norm: 1 clip_value: 1 }"),
              HasSubstr("a.textproto:6:26: optimizer.clip_value: cannot be set together with optimizer.clip_norm"));
}

TEST(ConfigContradictions, Nesterov_needs_momentum_and_no_dampening) {
  const std::string expected = ":6:19: optimizer.sgd.nesterov: needs momentum > 0 and dampening 0";
  EXPECT_THAT(text_fault(std::string(small) + "optimizer { sgd { nesterov: true momentum: 0 } }"), HasSubstr(expected));
  EXPECT_THAT(text_fault(std::string(small) + "optimizer { sgd { nesterov: true dampening: 0.5 } }"),
              HasSubstr(expected));
  EXPECT_NO_THROW(parse(std::string(small) + "optimizer { sgd { nesterov: true } }").check());
  EXPECT_NO_THROW(parse(std::string(small) + "optimizer { sgd { momentum: 0 dampening: 0.5 } }").check());
}

TEST(ConfigContradictions, Warm_up_with_one_cycle_or_without_an_epoch_after_it_is_refused) {
  EXPECT_THAT(text_fault(std::string(small) + "optimizer { schedule { one_cycle {} warmup_epochs: 1 } }"),
              HasSubstr("optimizer.schedule.warmup_epochs: cannot be set with one_cycle"));
  EXPECT_NO_THROW(parse(std::string(small) + "optimizer { schedule { one_cycle {} warmup_epochs: 0 } }").check());
  EXPECT_THAT(text_fault(std::string(small) + "optimizer { schedule { warmup_epochs: 3 } } train { epochs: 3 }"),
              HasSubstr("warmup_epochs: leaves no epoch after the warm-up: less than train.epochs, which is 3"));
  for (const char* fits : {"optimizer { schedule { warmup_epochs: 2.5 } } train { epochs: 3 }",
                           "optimizer { schedule { warmup_epochs: 3 } } train { epochs: 0 }"})
    EXPECT_EQ(text_fault(std::string(small) + fits), "no error");
}

TEST(ConfigContradictions, Mean_and_std_go_together) {
  for (const char* value : {"mean: [0.5]", "std: [0.5]", "mean: [0.5, 0.5] std: [0.5]"})
    EXPECT_THAT(set_fault("data.transform[0].normalize", value), HasSubstr("data.transform[0].normalize (set after "
                                                                           "reading): has "));
  EXPECT_EQ(set_fault("data.transform[0].normalize", "mean: [0.5] std: [0.5]"), "no error");
}

TEST(ConfigContradictions, A_depth_that_a_resnet_cannot_have_is_refused) {
  for (int depth : {19, 49, 100, 151})
    EXPECT_THAT(set_fault("model.resnet.depth", std::to_string(depth)), HasSubstr("one of 18, 34, 50, 101, 152"));
  for (int depth : {18, 34, 50, 101, 152})
    EXPECT_EQ(set_fault("model.resnet.depth", std::to_string(depth)), "no error");
  for (int depth : {9, 10, 13, 18, 110 + 1}) {
    EXPECT_THAT(set_fault("model.resnet_cifar.depth", std::to_string(depth)), HasSubstr("6n + 2"));
  }
  for (int depth : {8, 14, 20, 110, 1202})
    EXPECT_EQ(set_fault("model.resnet_cifar.depth", std::to_string(depth)), "no error");
}

TEST(ConfigContradictions, A_graph_has_1_to_4096_nodes) {
  EXPECT_THAT(set_fault("model.graph", "{}"),
              HasSubstr("model.graph.nodes (set after reading): has 0 nodes; 1 to 4096 are expected"));
  std::string nodes;
  for (int i = 0; i < 4097; ++i) nodes += "nodes { name: \"n" + std::to_string(i) + "\" flatten {} } ";
  EXPECT_THAT(set_fault("model.graph", nodes), HasSubstr("has 4097 nodes"));
  EXPECT_EQ(set_fault("model.graph", nodes.substr(0, nodes.rfind("nodes"))), "no error");
}

TEST(ConfigContradictions, A_size_of_a_graph_is_one_number_or_two) {
  for (const std::string operation : {"convolution { out: 2 ", "depthwise { ", "max_pool { ", "average_pool { "})
    for (const std::string size : {"kernel", "stride", "padding", "dilation"}) {
      if (size == "dilation" && operation.find("pool") != std::string::npos) continue;
      const auto with = [&](const char* value) {
        return set_fault("model.graph.nodes[0]", "name: \"a\" " + operation + size + ": " + value + " }");
      };
      EXPECT_EQ(with("1"), "no error");
      EXPECT_EQ(with("[1, 2]"), "no error");
      EXPECT_THAT(with("[1, 2, 3]"), HasSubstr("." + size + " (set after reading): has 3 numbers; one for both "
                                               "directions, or two, of height and width, are expected"));
    }
}

TEST(ConfigContradictions, A_validation_fraction_needs_held_out_validation) {
  EXPECT_THAT(set_fault("data.validation_fraction", "0.2"), HasSubstr("set data.held_out to VALIDATION"));
  EXPECT_EQ(set_fault("data.held_out", "VALIDATION"), "no error");
}

TEST(ConfigContradictions, One_number_for_each_channel_needs_a_scale_measured_on_the_weight) {
  for (const char* scale : {"AUTHORS", "XAVIER"}) {
    EXPECT_THAT(set_fault("feedback", "granularity: OUTPUT_CHANNEL scale: " + std::string(scale)),
                HasSubstr("feedback.granularity (set after reading): OUTPUT_CHANNEL needs scale"));
    EXPECT_THAT(set_fault("feedback.layer[0]", "name: \"a\" granularity: OUTPUT_CHANNEL scale: " + std::string(scale)),
                HasSubstr("feedback.layer[0].granularity (set after reading): OUTPUT_CHANNEL needs scale"));
    EXPECT_EQ(set_fault("feedback", "granularity: TENSOR scale: " + std::string(scale)), "no error");
  }
  EXPECT_EQ(set_fault("feedback", "granularity: OUTPUT_CHANNEL"), "no error");
  // Of an entry that changes one of the two.
  EXPECT_THAT(set_fault("feedback", "scale: AUTHORS layer { name: \"a\" granularity: OUTPUT_CHANNEL }"),
              HasSubstr("feedback.layer[0].granularity (set after reading): OUTPUT_CHANNEL needs scale"));
  EXPECT_THAT(set_fault("feedback", "granularity: OUTPUT_CHANNEL layer { name: \"a\" scale: AUTHORS }"),
              HasSubstr("feedback.layer[0].scale (set after reading): OUTPUT_CHANNEL needs scale"));
  EXPECT_EQ(set_fault("feedback", "scale: AUTHORS layer { name: \"a\" granularity: OUTPUT_CHANNEL scale: WEIGHT_RMS }"),
            "no error");
}

TEST(ConfigContradictions, An_override_that_changes_nothing_is_refused) {
  EXPECT_THAT(set_fault("feedback.layer[0].name", "fc"), HasSubstr("feedback.layer[0]: changes nothing for \"fc\""));
  EXPECT_THAT(set_fault("feedback.layer[0]", "name: \"\" rule: SHAM"), HasSubstr("a text that is not empty"));
  for (const char* field : {"rule: SHAM", "scale: XAVIER", "granularity: TENSOR", "distribution: UNIFORM",
                            "sign_of_zero: PLUS_ONE"})
    EXPECT_EQ(set_fault("feedback.layer[0]", "name: \"fc\" " + std::string(field)), "no error");
}

}  // namespace
}  // namespace signsym
