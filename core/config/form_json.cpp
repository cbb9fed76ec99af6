#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "config/form.h"
#include "config/schema.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::json;

constexpr int deepest = 100;

std::string line_and_column(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte ? byte - 1 : 0);
  const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t column = before.size() - (line ? before.rfind('\n') + 1 : 0);
  return std::to_string(line + 1) + ":" + std::to_string(column + 1);
}

// nlohmann's parser keeps the last of equal keys; here they are a fault, and so is deep nesting.
Json parse(std::string_view text) {
  struct Object {
    std::set<std::string> names = {};
    std::string last = {};
  };
  std::vector<Object> objects;
  auto path = [&] {
    std::string path;
    for (const Object& object : objects) path = child_path(path, object.last);
    return path;
  };
  auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > deepest) throw Fault{path(), "is nested deeper than " + std::to_string(deepest)};
    if (event == Json::parse_event_t::object_start) objects.emplace_back();
    if (event == Json::parse_event_t::object_end) objects.pop_back();
    if (event == Json::parse_event_t::key) {
      objects.back().last = parsed.get<std::string>();
      if (!objects.back().names.insert(objects.back().last).second)
        throw Fault{path(), "is set twice; leave one of them"};
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    const std::string words = error.what();
    const size_t begin = words.find(": ");
    throw Fault{"", begin == std::string::npos ? words : "is not JSON: " + words.substr(begin + 2),
                line_and_column(text, error.byte), true};
  } catch (const Json::exception& error) {
    const std::string words = error.what();  // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    throw Fault{path(), words.substr(words.find("] ") + 2)};
  }
}

// Numbers may stand in quotes, as Protobuf's JSON form writes 64-bit ones.
bool has_the_type(const Json& value, const pb::FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_MESSAGE: return value.is_object();
    case pb::FieldDescriptor::CPPTYPE_BOOL: return value.is_boolean();
    case pb::FieldDescriptor::CPPTYPE_STRING:
    case pb::FieldDescriptor::CPPTYPE_ENUM: return value.is_string();
    default:
      return value.is_number() ||
             (value.is_string() && !value.get_ref<const std::string&>().empty() &&
              value.get_ref<const std::string&>().find_first_not_of("0123456789+-.eE") == std::string::npos);
  }
}

void read_object(const Json& object, pb::Message* message, const std::string& path);

void read_value(const Json& value, pb::Message* message, const pb::FieldDescriptor* field, const std::string& parent,
                int index) {
  const std::string path = child_path(parent, field, index);
  if (!has_the_type(value, field)) {
    constexpr size_t longest = 64;
    throw Fault{path, value.dump().substr(0, longest) + " was found: " + allowed(field) + " is expected"};
  }
  const pb::Reflection* reflection = message->GetReflection();
  if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    read_object(value, field->is_repeated() ? reflection->AddMessage(message, field)
                                            : reflection->MutableMessage(message, field), path);
  } else {
    const bool in_quotes = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING;
    set_field(message, parent, field, in_quotes || !value.is_string() ? value.dump() : value.get<std::string>(),
              field->is_repeated() ? index : -1);
  }
}

void read_object(const Json& object, pb::Message* message, const std::string& path) {
  const pb::Reflection* reflection = message->GetReflection();
  for (const auto& [name, value] : object.items()) {
    const pb::FieldDescriptor* field = find_field(message->GetDescriptor(), name);
    if (!field)
      throw Fault{child_path(path, name), no_such_field(message->GetDescriptor(), path, name), "", true};
    if (value.is_null()) continue;
    const std::string here = child_path(path, field->name());
    if (field->is_repeated()) {
      if (!value.is_array()) throw Fault{here, "a list is expected: [ " + allowed(field) + ", … ]"};
      if (reflection->FieldSize(*message, field)) throw Fault{here, "is set twice; leave one of them"};
      int index = 0;
      for (const Json& element : value) read_value(element, message, field, path, index++);
      continue;
    }
    if (reflection->HasField(*message, field)) throw Fault{here, "is set twice; leave one of them"};
    const pb::OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof && reflection->HasOneof(*message, oneof))
      throw Fault{here, "cannot be set together with " +
                            reflection->GetOneofFieldDescriptor(*message, oneof)->name() + "; leave one of them"};
    read_value(value, message, field, path, 0);
  }
}

}  // namespace

void read_json(std::string_view text, pb::Message* message) {
  const Json json = parse(text);
  if (!json.is_object()) throw Fault{"", "a JSON object is expected: { \"data\": … }", "", true};
  message->Clear();
  read_object(json, message, "");
}

std::string write_json(const pb::Message& message) {
  pb::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!pb::util::MessageToJsonString(message, &text, options).ok()) text.clear();
  return text;
}

}  // namespace signsym
