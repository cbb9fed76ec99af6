#include "config/form.h"

#include <google/protobuf/unknown_field_set.h>

#include <vector>

#include "base/error.h"
#include "config/config.h"
#include "config/schema.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;

Fault unknown_field(const pb::Descriptor* message, const std::string& path, int number) {
  const std::string why = "field number " + std::to_string(number);
  const pb::FieldDescriptor* field = message->FindFieldByNumber(number);
  if (field) return {child_path(path, field->name()), why + " has another type: " + allowed(field) + " is expected"};
  return {path, why + " is not known; it was written by a newer version, or is no " + message->full_name()};
}

void check_value(const pb::Message& message, const pb::FieldDescriptor* field, int index, const std::string& path) {
  const pb::Reflection* reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    check_form(repeated ? reflection->GetRepeatedMessage(message, field, index)
                        : reflection->GetMessage(message, field), path);
  } else if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM) {
    const int number = repeated ? reflection->GetRepeatedEnumValue(message, field, index)
                                : reflection->GetEnumValue(message, field);
    if (!field->enum_type()->FindValueByNumber(number))
      throw Fault{path, std::to_string(number) + " was found: " + allowed(field) + " is expected"};
  } else if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
    const std::string text = repeated ? reflection->GetRepeatedString(message, field, index)
                                      : reflection->GetString(message, field);
    if (!pb::internal::IsStructurallyValidUTF8(text)) throw Fault{path, "is not UTF-8"};
  }
}

}  // namespace

void check_form(const pb::Message& message, const std::string& path) {
  const pb::Reflection* reflection = message.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) throw unknown_field(message.GetDescriptor(), path, unknown.field(0).number());
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields)
    for (int i = 0; i < (field->is_repeated() ? reflection->FieldSize(message, field) : 1); ++i)
      check_value(message, field, i, child_path(path, field, i));
}

std::string write(const pb::Message& message, Format format) {
  switch (format) {
    case Format::text: return write_text(message);
    case Format::json: return write_json(message);
    case Format::binary: return write_binary(message);
  }
  fail_unknown(format);
}

void fail_unknown(Format format) {
  throw Error(Status::invalid_argument, "there is no format " + std::to_string(static_cast<int>(format)) +
                                            ": 1 (text), 2 (JSON) or 3 (binary) is expected");
}

}  // namespace signsym
