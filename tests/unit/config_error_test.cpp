#include <gmock/gmock.h>

#include "config_small.h"

namespace signsym {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ConfigErrors, A_range_is_told_with_line_column_path_value_and_what_is_allowed) {
  const std::string text = std::string(small) + "optimizer {\n\n   learning_rate: -1\n}";
  const auto [message, field] = fault([&] { parse(text).check(); });
  EXPECT_EQ(message, "a.textproto:8:4: optimizer.learning_rate: -1 is out of range: a finite number > 0 is expected");
  EXPECT_EQ(field, "optimizer.learning_rate");
}

TEST(ConfigErrors, An_element_of_a_list_is_told_with_its_index) {
  EXPECT_EQ(text_fault(std::string(small) + "feedback {\n layer { name: \"a\" rule: SHAM }\n layer { rule: SHAM }\n}"),
            "a.textproto:8:2: feedback.layer[1].name: is missing: a text that is not empty is expected");
  EXPECT_EQ(text_fault("model { mlp { hidden: 5\n hidden: [7, 0] } }\ndata { mnist { path: \"x\" } }"),
            "a.textproto:1:15: model.mlp.hidden[2]: 0 is out of range: a whole number from 1 to 16777216 is expected");
  EXPECT_EQ(text_fault("data { transform { crop {} }\n transform [ { flip {} }, { crop { padding: x } } ] }"),
            "a.textproto:2:36: data.transform[2].crop.padding: x was found: a whole number from 0 to 1024 is expected");
}

TEST(ConfigErrors, A_name_with_a_slip_is_answered_with_the_right_one) {
  const auto [message, field] = fault([] { parse("# a comment\n\noptimizer {\n  learnig_rate: 1 }"); });
  EXPECT_EQ(message, "a.textproto:4:3: optimizer has no field \"learnig_rate\"; did you mean learning_rate?");
  EXPECT_EQ(field, "optimizer.learnig_rate");
}

TEST(ConfigErrors, A_name_that_is_like_no_other_is_answered_with_all) {
  EXPECT_EQ(text_fault("frobnicate: 1"),
            "a.textproto:1:1: the config has no field \"frobnicate\"; it has name, seed, data, model, feedback, loss, "
            "optimizer, train, compute, output");
  EXPECT_EQ(text_fault("loss { mean_squared_error { x: 1 } }"),
            "a.textproto:1:29: loss.mean_squared_error has no field \"x\"; it has none");
  EXPECT_LT(text_fault(std::string(100000, 'x') + ": 1").size(), 300u);
}

TEST(ConfigErrors, A_field_set_twice_and_two_members_of_a_oneof_are_refused_in_text) {
  EXPECT_EQ(text_fault("seed: 1\nseed: 2"), "a.textproto:2:1: seed: is set twice; leave one of them");
  EXPECT_EQ(text_fault("data { cifar10 {}\n mnist {} }"),
            "a.textproto:2:2: data.mnist: only one of cifar10, mnist, host can be set");
}

TEST(ConfigErrors, Broken_text_is_told_with_its_place) {
  EXPECT_EQ(text_fault("optimizer {\n sgd { "),
            "a.textproto:2:8: optimizer.sgd: the text ends where a field or } is expected");
  EXPECT_THAT(text_fault("optimizer {\n learning_rate 1 }"), StartsWith("a.textproto:2:16: optimizer.learning_rate: "));
  EXPECT_THAT(text_fault("}"), StartsWith("a.textproto:1:1: a field is expected, got: }"));
  EXPECT_THAT(text_fault("name: \"abc"), StartsWith("a.textproto:1:11: "));
  EXPECT_THAT(text_fault("name: \"a\\q\""), StartsWith("a.textproto:1:10: "));
  EXPECT_THAT(text_fault("seed: 1 \x01"), StartsWith("a.textproto:1:9: "));
  EXPECT_THAT(text_fault(std::string("seed: 1 \0 2", 11)), StartsWith("a.textproto:1:9: "));
  EXPECT_THAT(text_fault("model { mlp { hidden: [1, 2"), StartsWith("a.textproto:1:28: model.mlp"));
  EXPECT_THAT(text_fault("[signsym.v1.setting] {}"), HasSubstr("Extension \"signsym.v1.setting\""));
  EXPECT_THAT(text_fault("\x89PNG\r\n"), StartsWith("a.textproto:1:1: "));
  EXPECT_THAT(text_fault("seed:"), HasSubstr("nothing was found"));
}

TEST(ConfigErrors, Broken_json_is_told_with_its_place) {
  EXPECT_THAT(json_fault("{\"seed\": 1,\n }"), StartsWith("a.json:2:2: is not JSON: "));
  EXPECT_THAT(json_fault(""), StartsWith("a.json:1:1: is not JSON: "));
  EXPECT_THAT(json_fault("{\"name\": \"\\ud800\"}"), HasSubstr("is not JSON"));
  EXPECT_THAT(json_fault("{\"name\": \"\xff\"}"), HasSubstr("is not JSON"));
  EXPECT_THAT(json_fault("{\n \"seed\": -1}"), StartsWith("a.json: seed: -1 was found: a whole number from 0 to "));
  EXPECT_EQ(json_fault("[]"), "a.json: a JSON object is expected: { \"data\": … }");
  EXPECT_EQ(json_fault("{\"seed\": 1, \"seed\": 2}"), "a.json: seed: is set twice; leave one of them");
  EXPECT_EQ(json_fault("{\"data\": {\"batch_size\": 1, \"batchSize\": 2}}"),
            "a.json: data.batch_size: is set twice; leave one of them");
  EXPECT_EQ(json_fault("{\"data\": {\"mnist\": {}, \"cifar10\": {}}}"),
            "a.json: data.mnist: cannot be set together with cifar10; leave one of them");
  EXPECT_EQ(json_fault("{\"data\": {\"transform\": {}}}"),
            "a.json: data.transform: a list is expected: [ a message in braces, … ]");
  EXPECT_EQ(json_fault("{\"optimizer\": {\"learning_rate\": 1e999}}"),
            "a.json: optimizer.learning_rate: number overflow parsing '1e999'");
  EXPECT_THAT(json_fault("{\"feedback\": {\"rule\": \"SHAM scale: XAVIER\"}}"),
              HasSubstr("more or less than one value"));
}

TEST(ConfigErrors, Deep_nesting_is_an_error_and_no_crash) {
  EXPECT_THAT(json_fault(std::string(1000000, '[')), HasSubstr("nested deeper than 100"));
  std::string json;
  for (int i = 0; i < 100000; ++i) json += "{\"data\":";
  EXPECT_THAT(json_fault(json), HasSubstr("nested deeper than 100"));
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "data {";
  EXPECT_THAT(text_fault(text), HasSubstr("data has no field \"data\""));
  std::string groups;  // of an unknown field
  for (int i = 0; i < 100000; ++i) groups += "\xa3\x06";
  EXPECT_THAT(fault([&] { Config::parse(groups, Format::binary, "a.pb"); }).first,
              HasSubstr("field number 100 is not known"));
}

TEST(ConfigErrors, Binary_cut_off_at_any_byte_is_refused_or_another_config) {
  const std::string bytes = parse(small).resolved().write(Format::binary);
  int refused = 0;
  for (size_t size = 0; size < bytes.size(); ++size)
    refused += fault([&] { Config::parse(bytes.substr(0, size), Format::binary, "a.pb").check(); }).first != "no error";
  EXPECT_GT(refused, static_cast<int>(bytes.size()) / 2);
  EXPECT_EQ(fault([&] { Config::parse(bytes.substr(0, 5), Format::binary, "a.pb"); }).first,
            "a.pb: is cut off or is no binary signsym.v1.Experiment");
}

TEST(ConfigErrors, Binary_of_an_unknown_field_at_the_top_names_its_number) {
  EXPECT_THAT(fault([] { Config::parse("\xf8\x7f\x01", Format::binary, "a.pb"); }).first,
              StartsWith("a.pb: field number 2047 is not known"));
}

TEST(ConfigErrors, More_bytes_than_the_limit_are_refused_before_they_are_read) {
  for (Format format : forms)
    EXPECT_EQ(fault([&] { Config::parse(std::string((16 << 20) + 1, '#'), format, "a"); }).first,
              "a: has 16777217 bytes: at most 16777216 are expected");
}

TEST(ConfigErrors, An_unknown_format_is_an_invalid_argument) {
  for (int format : {0, 4, -1}) {
    try {
      Config::parse("", static_cast<Format>(format), "a");
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::invalid_argument);
    }
    EXPECT_THROW(Config().write(static_cast<Format>(format)), Error);
  }
}

TEST(ConfigErrors, A_file_that_is_missing_is_not_found) {
  try {
    Config::read("no/such/file.textproto");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_THAT(error.what(), HasSubstr("no/such/file.textproto"));
  }
}

}  // namespace
}  // namespace signsym
