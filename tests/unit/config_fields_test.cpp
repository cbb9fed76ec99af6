// Each field of the schema wrong once, in each form.
#include "config_fields.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "config/schema.h"
#include "config_small.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Experiment valid() {
  v1::Experiment experiment;
  experiment.mutable_data()->mutable_mnist()->set_path("mnist");
  experiment.mutable_data()->set_held_out(v1::VALIDATION);
  experiment.mutable_model()->mutable_lenet();
  return experiment;
}

void set_number(pb::Message* message, const Field* field, double value) {
  const pb::Reflection* r = message->GetReflection();
  const bool add = field->is_repeated();
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32: {
      const auto x = static_cast<int32_t>(value);
      return add ? r->AddInt32(message, field, x) : r->SetInt32(message, field, x);
    }
    case Field::CPPTYPE_INT64: {
      const auto x = static_cast<int64_t>(value);
      return add ? r->AddInt64(message, field, x) : r->SetInt64(message, field, x);
    }
    case Field::CPPTYPE_UINT64: {
      const auto x = static_cast<uint64_t>(value);
      return add ? r->AddUInt64(message, field, x) : r->SetUInt64(message, field, x);
    }
    case Field::CPPTYPE_DOUBLE:
      return add ? r->AddDouble(message, field, value) : r->SetDouble(message, field, value);
    case Field::CPPTYPE_BOOL: return r->SetBool(message, field, value != 0);
    case Field::CPPTYPE_ENUM: return r->SetEnumValue(message, field, static_cast<int>(value));
    default: FAIL() << "teach this test the type of " << field->full_name();
  }
}

bool is_number(const Field* field) {
  return field->cpp_type() != Field::CPPTYPE_STRING && field->cpp_type() != Field::CPPTYPE_MESSAGE &&
         field->cpp_type() != Field::CPPTYPE_BOOL && field->cpp_type() != Field::CPPTYPE_ENUM;
}

bool is_double(const Field* field) { return field->cpp_type() == Field::CPPTYPE_DOUBLE; }

v1::Experiment with_number(const FieldPath& path, double value) {
  v1::Experiment experiment = valid();
  set_number(parent_of(path, &experiment), path.leaf(), value);
  fill_required(&experiment);
  return experiment;
}

std::string in_form(const v1::Experiment& experiment, Format format) {
  Config config;
  config.experiment() = experiment;
  return config.write(format);
}

void expect_refused(const std::string& bytes, Format format, const std::string& field, const std::string& expected) {
  try {
    Config::parse(bytes, format, "some.config").check();
    ADD_FAILURE() << field << " was accepted: " << bytes;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_config) << error.what();
    EXPECT_EQ(error.field(), field) << error.what();
    EXPECT_THAT(error.what(), StartsWith("some.config:"));
    EXPECT_THAT(error.what(), HasSubstr(" " + field + ": "));
    EXPECT_THAT(error.what(), HasSubstr(expected + " is expected"));
    const bool at_top = field.find('.') == std::string::npos;  // what is missing there has no line
    if (format == Format::text && !at_top) {
      EXPECT_THAT(error.what(), ::testing::ContainsRegex("^some.config:[0-9]+:[0-9]+: "));
    }
  }
}

void expect_refused_in_each_form(const FieldPath& path, double value) {
  for (Format format : forms)
    expect_refused(in_form(with_number(path, value), format), format, path.text(), allowed(path.leaf()));
}

std::vector<FieldPath> fields_where(bool (*wanted)(const Field*)) {
  std::vector<FieldPath> found;
  for (const FieldPath& path : all_fields())
    if (wanted(path.leaf())) found.push_back(path);
  return found;
}

TEST(ConfigFields, The_walk_sees_fields_at_every_depth) {
  std::vector<std::string> paths;
  for (const FieldPath& path : all_fields()) paths.push_back(path.text());
  EXPECT_THAT(paths, ::testing::IsSupersetOf({"seed", "optimizer.learning_rate", "data.transform[0].normalize.std[0]",
                                              "optimizer.schedule.one_cycle.end_divisor", "feedback.layer[0].rule"}));
}

TEST(ConfigFields, A_number_below_its_bound_is_refused_in_each_form) {
  for (const FieldPath& path : fields_where(is_number)) {
    const v1::Setting& setting = path.setting();
    if (setting.has_min())
      expect_refused_in_each_form(path, is_double(path.leaf()) ? std::nextafter(setting.min(), -1e9)
                                                               : setting.min() - 1);
    if (setting.has_above()) expect_refused_in_each_form(path, setting.above());
  }
}

TEST(ConfigFields, A_number_above_its_bound_is_refused_in_each_form) {
  for (const FieldPath& path : fields_where(is_number)) {
    const v1::Setting& setting = path.setting();
    if (setting.has_max())
      expect_refused_in_each_form(path, is_double(path.leaf()) ? std::nextafter(setting.max(), 1e9)
                                                               : setting.max() + 1);
    if (setting.has_below()) expect_refused_in_each_form(path, setting.below());
  }
}

TEST(ConfigFields, A_number_at_its_bound_is_allowed) {
  for (const FieldPath& path : fields_where(is_number)) {
    for (auto [has, bound] : {std::pair(path.setting().has_min(), path.setting().min()),
                              std::pair(path.setting().has_max(), path.setting().max())}) {
      if (!has) continue;
      Config config;
      config.experiment() = with_number(path, bound);
      EXPECT_NO_THROW(config.check()) << path.text() << " = " << bound;
    }
  }
}

TEST(ConfigFields, A_number_that_is_not_finite_is_refused_in_each_form) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const FieldPath& path : fields_where(is_double))
    for (double value : {infinity, -infinity, std::nan("")}) expect_refused_in_each_form(path, value);
}

TEST(ConfigFields, A_whole_number_that_does_not_fit_its_type_is_refused) {
  for (const FieldPath& path : fields_where(is_number)) {
    if (is_double(path.leaf())) continue;
    for (const char* value : {"99999999999999999999", "-99999999999999999999", "1.5", "0.1e1"}) {
      expect_refused(text_with(path, value), Format::text, path.text(), allowed(path.leaf()));
      expect_refused(json_with(path, value), Format::json, path.text(), allowed(path.leaf()));
    }
  }
}

TEST(ConfigFields, A_value_of_another_type_is_refused_in_text) {
  for (const FieldPath& path : all_fields()) {
    const bool is_text = path.leaf()->cpp_type() == Field::CPPTYPE_STRING;
    for (std::string value : {is_text ? "5" : "\"five\"", is_text ? "true" : "five", "{ five: 5 }"})
      if (!path.is_message() || value[0] != '{')
        expect_refused(text_with(path, value), Format::text, path.text(), allowed(path.leaf()));
  }
}

TEST(ConfigFields, A_value_of_another_type_is_refused_in_json) {
  for (const FieldPath& path : all_fields()) {
    const bool is_text = path.leaf()->cpp_type() == Field::CPPTYPE_STRING;
    const bool is_bool = path.leaf()->cpp_type() == Field::CPPTYPE_BOOL;
    for (std::string value : {is_text ? "5" : "\"five\"", is_text || !is_bool ? "true" : "1", "{}", "[[]]"})
      if (!path.is_message() || value != "{}")
        expect_refused(json_with(path, value), Format::json, path.text(), allowed(path.leaf()));
  }
}

TEST(ConfigFields, A_value_of_another_type_is_refused_in_binary) {
  for (const FieldPath& path : all_fields()) {
    pb::UnknownFieldSet wrong;
    wrong.AddFixed32(path.leaf()->number(), 5);
    std::string name = path.text();
    if (path.leaf()->is_repeated()) name.resize(name.size() - 3);
    expect_refused(binary_with(path, wrong), Format::binary, name, allowed(path.leaf()));
  }
}

TEST(ConfigFields, An_unknown_name_is_refused_in_every_message) {
  for (FieldPath path : all_fields()) {
    if (!path.is_message()) continue;
    for (Format format : {Format::text, Format::json}) {
      const bool json = format == Format::json;
      const std::string inside = json ? "{\"no_such_name_at_all\": 1}" : "{ no_such_name_at_all: 1 }";
      try {
        Config::parse(json ? json_with(path, inside) : text_with(path, inside), format, "some.config");
        ADD_FAILURE() << path.text();
      } catch (const Error& error) {
        EXPECT_EQ(error.field(), path.text() + ".no_such_name_at_all");
        EXPECT_THAT(error.what(), HasSubstr(": " + path.text() + " has no field \"no_such_name_at_all\"; it has "));
      }
    }
  }
}

TEST(ConfigFields, An_unknown_number_is_refused_in_every_message_of_a_binary) {
  for (const FieldPath& path : all_fields()) {
    if (!path.is_message()) continue;
    pb::UnknownFieldSet inside, outside;
    inside.AddVarint(4711, 1);
    inside.SerializeToString(outside.AddLengthDelimited(path.leaf()->number()));
    try {
      Config::parse(binary_with(path, outside), Format::binary, "some.binpb");
      ADD_FAILURE() << path.text();
    } catch (const Error& error) {
      EXPECT_EQ(error.field(), path.text());
      EXPECT_THAT(error.what(), StartsWith("some.binpb: " + path.text() + ": field number 4711 is not known"));
    }
  }
}

TEST(ConfigFields, An_enum_value_that_is_unspecified_or_has_no_name_is_refused_in_each_form) {
  for (const FieldPath& path : fields_where([](const Field* field) { return field->enum_type() != nullptr; })) {
    for (int value : {0, 4711, -1}) expect_refused_in_each_form(path, value);
    EXPECT_THAT(allowed(path.leaf()), ::testing::Not(HasSubstr("UNSPECIFIED")));
    expect_refused(text_with(path, "NO_SUCH_VALUE"), Format::text, path.text(), allowed(path.leaf()));
    expect_refused(json_with(path, "\"NO_SUCH_VALUE\""), Format::json, path.text(), allowed(path.leaf()));
    expect_refused(json_with(path, "2"), Format::json, path.text(), allowed(path.leaf()));
  }
}

TEST(ConfigFields, Text_that_is_not_utf8_is_refused_without_a_word_on_the_error_output) {
  ::testing::internal::CaptureStderr();
  for (const FieldPath& path : fields_where([](const Field* f) { return f->cpp_type() == Field::CPPTYPE_STRING; })) {
    pb::UnknownFieldSet leaf;
    *leaf.AddLengthDelimited(path.leaf()->number()) = "\xC3\x28";
    for (auto [bytes, format] : {std::pair(binary_with(path, leaf), Format::binary),
                                 std::pair(text_with(path, "\"\xC3\x28\""), Format::text),
                                 std::pair(text_with(path, "\"\\303(\""), Format::text)}) {
      try {
        Config::parse(bytes, format, "some.config");
        ADD_FAILURE() << path.text();
      } catch (const Error& error) {
        EXPECT_EQ(error.field(), path.text());
        EXPECT_THAT(error.what(), HasSubstr(path.text() + ": is not UTF-8"));
      }
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(ConfigFields, Text_with_a_nul_and_a_place_that_is_empty_are_refused) {
  for (const FieldPath& path : fields_where([](const Field* f) { return f->cpp_type() == Field::CPPTYPE_STRING; })) {
    for (const std::string& value : {std::string("a\0b", 3), std::string()}) {
      if (value.empty() && !path.setting().required() && !path.setting().place()) continue;
      v1::Experiment experiment = valid();
      pb::Message* parent = parent_of(path, &experiment);
      const pb::Reflection* reflection = parent->GetReflection();
      if (path.leaf()->is_repeated()) reflection->AddString(parent, path.leaf(), value);
      else reflection->SetString(parent, path.leaf(), value);
      fill_required(&experiment);
      for (Format format : forms)
        expect_refused(in_form(experiment, format), format, path.text(), allowed(path.leaf()));
    }
  }
}

TEST(ConfigFields, A_required_field_that_is_missing_is_refused) {
  int seen = 0;
  for (const FieldPath& path : all_fields()) {
    if (!path.setting().required()) continue;
    ++seen;
    v1::Experiment experiment = valid();
    pb::Message* parent = parent_of(path, &experiment);
    fill_required(&experiment);
    parent->GetReflection()->ClearField(parent, path.leaf());
    for (Format format : forms)
      expect_refused(in_form(experiment, format), format, path.text(),
                     "is missing: " + allowed(path.leaf()));
  }
  EXPECT_GE(seen, 5);
}

TEST(ConfigFields, Every_default_is_in_range_and_lands_in_the_resolved_config) {
  for (const FieldPath& path : all_fields()) {
    if (!path.setting().has_default_()) continue;
    Config config;
    config.experiment() = valid();
    parent_of(path, &config.experiment());
    v1::Feedback* feedback = config.experiment().mutable_feedback();
    for (v1::LayerFeedback& layer : *feedback->mutable_layer()) layer.set_rule(v1::SHAM);
    fill_required(&config.experiment());
    Config resolved = config.resolved();
    pb::Message* parent = parent_of(path, &resolved.experiment());
    const pb::Reflection* reflection = parent->GetReflection();
    EXPECT_TRUE(path.leaf()->is_repeated() ? reflection->FieldSize(*parent, path.leaf()) > 0
                                           : reflection->HasField(*parent, path.leaf())) << path.text();
    EXPECT_NO_THROW(resolved.check()) << path.text();
  }
}

TEST(ConfigFields, The_hash_changes_with_every_field_but_places) {
  for (const FieldPath& path : all_fields()) {
    if (path.is_message()) continue;
    // A list of numbers for the channels has a partner of the same length: tested by itself.
    if (path.leaf()->containing_type() == v1::Normalize::descriptor()) continue;
    Config with, without;
    for (Config* config : {&with, &without}) {
      config->experiment() = valid();
      parent_of(path, &config->experiment());
      v1::Feedback* feedback = config->experiment().mutable_feedback();
      for (v1::LayerFeedback& layer : *feedback->mutable_layer()) {
        layer.set_rule(v1::SHAM);
        layer.set_scale(v1::WEIGHT_MEAN);
      }
      fill_required(&config->experiment());
    }
    const std::string before = without.hash();
    pb::Message* parent = parent_of(path, &with.experiment());
    const pb::Reflection* reflection = parent->GetReflection();
    if (path.leaf()->cpp_type() == Field::CPPTYPE_STRING) {
      if (path.leaf()->is_repeated()) reflection->AddString(parent, path.leaf(), "other");
      else reflection->SetString(parent, path.leaf(), "other");
      EXPECT_EQ(with.hash() == before, path.setting().place()) << path.text();
      continue;
    }
    int allowed_values = 0, equal = 0;
    for (double value : {0.0, 0.25, 0.375, 1.0, 2.0, 3.0, 8.0, 14.0, 34.0, 50.0}) {
      if (!is_double(path.leaf()) && value != std::floor(value)) continue;
      reflection->ClearField(parent, path.leaf());
      set_number(parent, path.leaf(), value);
      try {
        equal += with.hash() == before;
        ++allowed_values;
      } catch (const Error&) {
      }
    }
    EXPECT_GE(allowed_values, 2) << path.text();
    EXPECT_LE(equal, path.leaf()->cpp_type() == Field::CPPTYPE_BOOL ? allowed_values - 1 : 1) << path.text();
  }
}

}  // namespace
}  // namespace signsym
