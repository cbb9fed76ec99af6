#include "base/pattern.h"

#include <gtest/gtest.h>

namespace signsym {
namespace {

TEST(Pattern, Without_a_wildcard_matches_the_whole_name_alone) {
  EXPECT_TRUE(matches("conv1.weight", "conv1.weight"));
  for (const char* other : {"conv1.weights", "conv1.weigh", "aconv1.weight", "", "Conv1.weight"})
    EXPECT_FALSE(matches("conv1.weight", other)) << other;
  EXPECT_TRUE(matches("", ""));
}

TEST(Pattern, Star_stands_for_any_characters_dots_and_none_too) {
  for (const char* name : {"layer1.", "layer1.0.conv1.weight", "layer1..", "layer1.*"})
    EXPECT_TRUE(matches("layer1.*", name)) << name;
  for (const char* name : {"layer1", "layer10.0", "a.layer1.0", ""}) EXPECT_FALSE(matches("layer1.*", name)) << name;
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("**", "x"));
  EXPECT_TRUE(matches("*.bias", "fc.bias.bias"));
  EXPECT_FALSE(matches("*.bias", "fc.bias.weight"));
  EXPECT_TRUE(matches("a*b*c", "aXbbYbc"));
  EXPECT_FALSE(matches("a*b*c", "acb"));
}

TEST(Pattern, Question_mark_stands_for_one_character) {
  EXPECT_TRUE(matches("fc?", "fc1"));
  EXPECT_FALSE(matches("fc?", "fc"));
  EXPECT_FALSE(matches("fc?", "fc12"));
  EXPECT_TRUE(matches("*?", "x"));
  EXPECT_FALSE(matches("*?", ""));
}

TEST(Pattern, Has_no_other_special_character) {
  EXPECT_TRUE(matches("a[0-9]\\", "a[0-9]\\"));
  EXPECT_FALSE(matches("a[0-9]", "a1"));
  EXPECT_FALSE(matches(".", "x"));
}

TEST(Pattern, That_nearly_matches_in_very_many_ways_is_decided_at_once) {
  std::string pattern, name(2000, 'a');
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(matches(pattern + "b", name));
  EXPECT_TRUE(matches(pattern + "b", name + "b"));
}

}  // namespace
}  // namespace signsym
