// What a config says reaches the values that are made of it.
#include "train/factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "base/error.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::HasSubstr;

v1::Experiment experiment(const std::string& text) { return Config::parse(text, Format::text, "test").experiment(); }

// Of LeNet's two convolutions and three linear layers.
std::vector<FeedbackRule> rules(const std::string& feedback) {
  v1::Experiment e = experiment("model { lenet { width: 6 classes: 10 } input { channels: 1 height: 28 width: 28 } } feedback { " +
                                feedback + " }");
  const Model model(make_graph(e.model()), ModelOptions{});
  return make_feedback_rules(e.feedback(), model.layers());
}

TEST(Feedback_rules, Have_the_rule_scale_granularity_distribution_and_sign_of_zero_of_the_config) {
  const std::map<std::string, Rule> named{
      {"BACKPROP", Rule::backprop},
      {"SHAM", Rule::sham},
      {"SIGN_SYMMETRY", Rule::sign_symmetry},
      {"SIGN_SYMMETRY_BATCH_RANDOM", Rule::sign_symmetry_batch_random},
      {"SIGN_SYMMETRY_RANDOM_MAGNITUDE", Rule::sign_symmetry_random_magnitude},
      {"FEEDBACK_ALIGNMENT", Rule::feedback_alignment},
      {"FEEDBACK_ALIGNMENT_SIGNED_INIT", Rule::feedback_alignment_signed_init}};
  for (const auto& [name, rule] : named) EXPECT_EQ(rules("rule: " + name)[0].rule, rule) << name;
  const std::map<std::string, Scale> scales{{"AUTHORS", Scale::authors},
                                            {"XAVIER", Scale::xavier},
                                            {"WEIGHT_MEAN", Scale::weight_mean},
                                            {"WEIGHT_RMS", Scale::weight_rms}};
  for (const auto& [name, scale] : scales) EXPECT_EQ(rules("scale: " + name)[0].scale, scale) << name;
  EXPECT_EQ(rules("granularity: TENSOR")[0].granularity, Granularity::tensor);
  EXPECT_EQ(rules("granularity: OUTPUT_CHANNEL")[0].granularity, Granularity::output_channel);
  EXPECT_EQ(rules("distribution: GAUSSIAN")[0].distribution, Distribution::gaussian);
  EXPECT_EQ(rules("distribution: UNIFORM")[0].distribution, Distribution::uniform);
  EXPECT_EQ(rules("distribution: AUTHORS_UNIFORM")[0].distribution, Distribution::authors_uniform);
  EXPECT_FALSE(rules("sign_of_zero: ZERO")[0].zero_is_positive);
  EXPECT_TRUE(rules("sign_of_zero: PLUS_ONE")[0].zero_is_positive);
}

TEST(Feedback_rules, Of_a_layer_have_what_its_last_entry_sets_and_the_rest_from_above) {
  const auto all = rules("rule: FEEDBACK_ALIGNMENT distribution: UNIFORM "
                         "layer { name: 'fc*' granularity: OUTPUT_CHANNEL sign_of_zero: PLUS_ONE } "
                         "layer { name: 'fc3' rule: BACKPROP scale: WEIGHT_MEAN }");
  ASSERT_EQ(all.size(), 5u);
  for (const FeedbackRule& rule : all) EXPECT_EQ(rule.distribution, Distribution::uniform);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].granularity, i < 2 ? Granularity::tensor : Granularity::output_channel) << i;
    EXPECT_EQ(all[i].zero_is_positive, i >= 2) << i;
    EXPECT_EQ(all[i].rule, i < 4 ? Rule::feedback_alignment : Rule::backprop) << i;
    EXPECT_EQ(all[i].scale, i < 4 ? Scale::weight_rms : Scale::weight_mean) << i;
  }
}

TEST(Feedback_rules, That_two_entries_come_to_and_contradict_each_other_name_the_layer) {
  try {
    rules("layer { name: 'fc*' granularity: OUTPUT_CHANNEL } layer { name: '*2' scale: XAVIER }");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.field(), "feedback.layer");
    EXPECT_THAT(error.what(), AllOf(HasSubstr("fc2"), HasSubstr("OUTPUT_CHANNEL"), HasSubstr("XAVIER")));
  }
}

TEST(Feedback_rules, Without_a_distribution_are_the_authors_uniform_for_their_linear_layers_alone) {
  const auto authors = rules("rule: FEEDBACK_ALIGNMENT scale: AUTHORS"), others = rules("rule: FEEDBACK_ALIGNMENT");
  for (size_t i = 0; i < authors.size(); ++i) {
    EXPECT_EQ(authors[i].distribution, i < 2 ? Distribution::gaussian : Distribution::authors_uniform) << i;
    EXPECT_EQ(others[i].distribution, Distribution::gaussian) << i;
  }
}

// As /proc/cpuinfo has it.
bool processor_has(const std::string& feature) {
  std::ifstream file("/proc/cpuinfo");
  std::stringstream text;
  text << file.rdbuf();
  return std::regex_search(text.str(), std::regex("\\b" + feature + "\\b"));
}

v1::Compute completed(const std::string& model, const std::string& compute) {
  const std::string text = "data { host {} } model { " + model + " input { channels: 3 height: 32 width: 32 } } "
                           "optimizer { learning_rate: 0.1 } train { epochs: 1 } compute { device: CPU " + compute + " }";
  v1::Experiment e = Config::parse(text, Format::text, "test").resolved().experiment();
  complete(e, nullptr);
  return e.compute();
}

TEST(Auto, Precision_is_bfloat16_where_the_processor_computes_in_it) {
  const bool native = processor_has("avx512_bf16") || processor_has("amx_bf16");
  EXPECT_EQ(completed("mlp { classes: 2 }", "precision: AUTO").precision(), native ? v1::Precision::BF16 : v1::Precision::FP32);
  EXPECT_EQ(completed("mlp { classes: 2 }", "precision: BF16").precision(), v1::Precision::BF16);
  EXPECT_EQ(completed("mlp { classes: 2 }", "precision: FP32").precision(), v1::Precision::FP32);
}

TEST(Auto, Memory_format_is_channels_last_for_models_with_convolutions) {
  for (const char* model : {"lenet { classes: 2 }", "resnet { classes: 2 }", "resnet_cifar { classes: 2 }"}) {
    EXPECT_EQ(completed(model, "memory_format: AUTO").memory_format(), v1::MemoryFormat::CHANNELS_LAST) << model;
    EXPECT_EQ(completed(model, "memory_format: CONTIGUOUS").memory_format(), v1::MemoryFormat::CONTIGUOUS) << model;
  }
  EXPECT_EQ(completed("mlp { classes: 2 }", "memory_format: AUTO").memory_format(), v1::MemoryFormat::CONTIGUOUS);
  const std::string flatten = "nodes { name: 'flat' flatten {} }", convolution = "nodes { name: 'c' convolution { out: 2 kernel: 1 } }",
                    head = "nodes { name: 'fc' linear { out: 2 } }";
  EXPECT_EQ(completed("graph { " + flatten + head + " }", "memory_format: AUTO").memory_format(), v1::MemoryFormat::CONTIGUOUS);
  EXPECT_EQ(completed("graph { " + convolution + flatten + head + " }", "memory_format: AUTO").memory_format(),
            v1::MemoryFormat::CHANNELS_LAST);
}

}  // namespace
}  // namespace signsym
