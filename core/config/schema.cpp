#include "config/schema.h"

#include <google/protobuf/stubs/strutil.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace signsym {
namespace {

namespace pb = google::protobuf;

std::string in_words(double value) { return pb::SimpleDtoa(value); }

template <typename Integer>
std::string whole_number(const v1::Setting& setting) {
  Integer low = std::numeric_limits<Integer>::min();
  Integer high = std::numeric_limits<Integer>::max();
  if (setting.has_min()) low = static_cast<Integer>(setting.min());
  if (setting.has_above()) low = static_cast<Integer>(setting.above()) + 1;
  if (setting.has_max()) high = static_cast<Integer>(setting.max());
  if (setting.has_below()) high = static_cast<Integer>(setting.below()) - 1;
  return "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
}

std::string number(const v1::Setting& setting) {
  if (setting.has_min() && setting.has_max())
    return "a number from " + in_words(setting.min()) + " to " + in_words(setting.max());
  std::string low, high;
  if (setting.has_min()) low = " >= " + in_words(setting.min());
  if (setting.has_above()) low = " > " + in_words(setting.above());
  if (setting.has_max()) high = " <= " + in_words(setting.max());
  if (setting.has_below()) high = " < " + in_words(setting.below());
  return "a finite number" + low + (!low.empty() && !high.empty() ? " and" : "") + high;
}

std::string join(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::string one_of(const pb::EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i)
    if (type->value(i)->number() != 0) names.push_back(type->value(i)->name());
  return "one of " + join(names);
}

// Levenshtein's: the number of letters to add, drop or change.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

const v1::Setting& setting_of(const pb::FieldDescriptor* field) { return field->options().GetExtension(v1::setting); }

const pb::FieldDescriptor* find_field(const pb::Descriptor* message, std::string_view name) {
  for (int i = 0; i < message->field_count(); ++i) {
    const pb::FieldDescriptor* field = message->field(i);
    if (field->name() == name || field->json_name() == name) return field;
  }
  return nullptr;
}

std::string no_such_field(const pb::Descriptor* message, std::string_view path, std::string_view name) {
  constexpr size_t longest = 64;  // a longer name is no slip of a finger
  std::vector<std::string> names;
  for (int i = 0; i < message->field_count(); ++i) names.push_back(message->field(i)->name());
  std::string text = std::string(path.empty() ? "the config" : path) + " has no field \"" +
                     std::string(name.substr(0, longest)) + "\"; ";
  if (names.empty()) return text + "it has none";
  if (name.size() < longest) {
    auto distance = [&](const std::string& other) { return edit_distance(name, other); };
    auto nearest = std::min_element(names.begin(), names.end(),
                                    [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
    if (distance(*nearest) <= 1 + nearest->size() / 4) return text + "did you mean " + *nearest + "?";
  }
  return text + "it has " + join(names);
}

std::string member_names(const pb::OneofDescriptor* oneof) {
  std::vector<std::string> names;
  for (int i = 0; i < oneof->field_count(); ++i) names.push_back(oneof->field(i)->name());
  return join(names);
}

std::string allowed(const pb::FieldDescriptor* field) {
  const v1::Setting& setting = setting_of(field);
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32: return whole_number<int32_t>(setting);
    case pb::FieldDescriptor::CPPTYPE_INT64: return whole_number<int64_t>(setting);
    case pb::FieldDescriptor::CPPTYPE_UINT32: return whole_number<uint32_t>(setting);
    case pb::FieldDescriptor::CPPTYPE_UINT64: return whole_number<uint64_t>(setting);
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
    case pb::FieldDescriptor::CPPTYPE_FLOAT: return number(setting);
    case pb::FieldDescriptor::CPPTYPE_BOOL: return "true or false";
    case pb::FieldDescriptor::CPPTYPE_ENUM: return one_of(field->enum_type());
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return setting.required() || setting.place() ? "a text that is not empty" : "a text";
    case pb::FieldDescriptor::CPPTYPE_MESSAGE: return "a message in braces";
  }
  return "";
}

bool in_range(const pb::FieldDescriptor* field, double value) {
  const v1::Setting& setting = setting_of(field);
  return std::isfinite(value) && (!setting.has_min() || value >= setting.min()) &&
         (!setting.has_max() || value <= setting.max()) && (!setting.has_above() || value > setting.above()) &&
         (!setting.has_below() || value < setting.below());
}

std::string child_path(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

std::string child_path(std::string_view parent, const pb::FieldDescriptor* field, int index) {
  std::string path = child_path(parent, field->name());
  return field->is_repeated() ? path + "[" + std::to_string(index) + "]" : path;
}

}  // namespace signsym
