#include "config/settings.h"

#include <google/protobuf/text_format.h>

#include <vector>

#include "config/form.h"
#include "config/schema.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

bool is_message(const Field* field) { return field->cpp_type() == Field::CPPTYPE_MESSAGE; }

std::vector<const Field*> set_fields(const pb::Message& message) {
  std::vector<const Field*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return fields;
}

int count(const pb::Message& message, const Field* field) {
  return field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
}

const pb::Message& submessage(const pb::Message& message, const Field* field, int index) {
  const pb::Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->GetRepeatedMessage(message, field, index)
                              : reflection->GetMessage(message, field);
}

pb::Message* submessage(pb::Message* message, const Field* field, int index) {
  const pb::Reflection* reflection = message->GetReflection();
  return field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, index)
                              : reflection->MutableMessage(message, field);
}

// The member that is chosen where none is, or nullptr.
const Field* default_member(const pb::OneofDescriptor* oneof) {
  for (int i = 0; i < oneof->field_count(); ++i)
    if (setting_of(oneof->field(i)).has_default_()) return oneof->field(i);
  return nullptr;
}

bool is_allowed(const pb::Message& message, const Field* field, int index) {
  const pb::Reflection* reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  auto get = [&](auto one, auto element) {
    return repeated ? (reflection->*element)(message, field, index) : (reflection->*one)(message, field);
  };
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return in_range(field, get(&pb::Reflection::GetInt32, &pb::Reflection::GetRepeatedInt32));
    case Field::CPPTYPE_INT64:
      return in_range(field, static_cast<double>(get(&pb::Reflection::GetInt64, &pb::Reflection::GetRepeatedInt64)));
    case Field::CPPTYPE_UINT32:
      return in_range(field, get(&pb::Reflection::GetUInt32, &pb::Reflection::GetRepeatedUInt32));
    case Field::CPPTYPE_UINT64:
      return in_range(field, static_cast<double>(get(&pb::Reflection::GetUInt64, &pb::Reflection::GetRepeatedUInt64)));
    case Field::CPPTYPE_FLOAT:
      return in_range(field, get(&pb::Reflection::GetFloat, &pb::Reflection::GetRepeatedFloat));
    case Field::CPPTYPE_DOUBLE:
      return in_range(field, get(&pb::Reflection::GetDouble, &pb::Reflection::GetRepeatedDouble));
    case Field::CPPTYPE_ENUM: {
      const int number = get(&pb::Reflection::GetEnumValue, &pb::Reflection::GetRepeatedEnumValue);
      return number != 0 && field->enum_type()->FindValueByNumber(number);  // 0 is UNSPECIFIED
    }
    case Field::CPPTYPE_STRING: {
      const std::string text = get(&pb::Reflection::GetString, &pb::Reflection::GetRepeatedString);
      const v1::Setting& setting = setting_of(field);
      return text.find('\0') == std::string::npos && !(text.empty() && (setting.required() || setting.place()));
    }
    case Field::CPPTYPE_BOOL:
    case Field::CPPTYPE_MESSAGE: return true;
  }
  return false;
}

void check_value(const pb::Message& message, const Field* field, int index, const std::string& path) {
  if (is_message(field)) return check_settings(submessage(message, field, index), path);
  if (is_allowed(message, field, index)) return;
  std::string value;
  pb::TextFormat::PrintFieldValueToString(message, field, field->is_repeated() ? index : -1, &value);
  const bool number = field->cpp_type() != Field::CPPTYPE_STRING && field->cpp_type() != Field::CPPTYPE_ENUM;
  throw Fault{path, value + (number ? " is out of range: " : " was found: ") + allowed(field) + " is expected"};
}

}  // namespace

void check_settings(const pb::Message& message, const std::string& path) {
  const pb::Descriptor* type = message.GetDescriptor();
  const pb::Reflection* reflection = message.GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const Field* field = type->field(i);
    if (setting_of(field).required() && !reflection->HasField(message, field))
      throw Fault{child_path(path, field->name()), "is missing: " + allowed(field) + " is expected"};
  }
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    if (!reflection->HasOneof(message, oneof) && !default_member(oneof))
      throw Fault{path, "has no " + oneof->name() + ": one of " + member_names(oneof) + " is expected"};
  }
  for (const Field* field : set_fields(message))
    for (int i = 0; i < count(message, field); ++i) check_value(message, field, i, child_path(path, field, i));
}

void fill_defaults(pb::Message* message) {
  const pb::Descriptor* type = message->GetDescriptor();
  const pb::Reflection* reflection = message->GetReflection();
  auto fill = [&](const Field* field) { set_field(message, "", field, setting_of(field).default_()); };
  auto is_set = [&](const Field* field) {
    return field->is_repeated() ? reflection->FieldSize(*message, field) > 0 : reflection->HasField(*message, field);
  };
  for (int i = 0; i < type->field_count(); ++i) {
    const Field* field = type->field(i);
    if (!field->real_containing_oneof() && setting_of(field).has_default_() && !is_set(field)) fill(field);
  }
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    if (default_member(oneof) && !reflection->HasOneof(*message, oneof)) fill(default_member(oneof));
  }
  for (const Field* field : set_fields(*message)) {
    if (!is_message(field)) continue;
    for (int i = 0; i < count(*message, field); ++i) fill_defaults(submessage(message, field, i));
  }
}

void drop_places(pb::Message* message) {
  for (const Field* field : set_fields(*message)) {
    if (setting_of(field).place()) {
      message->GetReflection()->ClearField(message, field);
    } else if (is_message(field)) {
      for (int i = 0; i < count(*message, field); ++i) drop_places(submessage(message, field, i));
    }
  }
}

}  // namespace signsym
