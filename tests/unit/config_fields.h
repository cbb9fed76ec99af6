// Every field of the schema, found by reflection, so that a test of all of them cannot forget one.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "signsym/v1/options.pb.h"

namespace signsym {

using Field = google::protobuf::FieldDescriptor;

// A field and the fields that lead to it from the experiment.
struct FieldPath {
  std::vector<const Field*> fields;

  const Field* leaf() const { return fields.back(); }
  const v1::Setting& setting() const { return leaf()->options().GetExtension(v1::setting); }
  bool is_message() const { return leaf()->cpp_type() == Field::CPPTYPE_MESSAGE; }
  // "data.transform[0].crop.padding"
  std::string text() const {
    std::string path;
    for (const Field* field : fields)
      path += (path.empty() ? "" : ".") + field->name() + (field->is_repeated() ? "[0]" : "");
    return path;
  }
};

inline void add_fields(const google::protobuf::Descriptor* message, const FieldPath& parent,
                       std::vector<FieldPath>* all) {
  for (int i = 0; i < message->field_count(); ++i) {
    FieldPath path = parent;
    path.fields.push_back(message->field(i));
    all->push_back(path);
    if (path.is_message()) add_fields(message->field(i)->message_type(), path, all);
  }
}

inline std::vector<FieldPath> all_fields() {
  std::vector<FieldPath> all;
  add_fields(v1::Experiment::descriptor(), {}, &all);
  return all;
}

// Sets required texts and numbers and oneofs without a default all over the message, so that only what a test wants to be
// wrong is wrong.
inline void fill_required(google::protobuf::Message* message) {
  const auto* reflection = message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->real_oneof_decl_count(); ++i) {
    const auto* oneof = message->GetDescriptor()->oneof_decl(i);
    bool has_default = false;
    for (int j = 0; j < oneof->field_count(); ++j)
      has_default |= oneof->field(j)->options().GetExtension(v1::setting).has_default_();
    if (!has_default && !reflection->HasOneof(*message, oneof)) reflection->MutableMessage(message, oneof->field(0));
  }
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const Field* field = message->GetDescriptor()->field(i);
    const v1::Setting& setting = field->options().GetExtension(v1::setting);
    if (setting.required() && !reflection->HasField(*message, field)) {
      if (field->cpp_type() == Field::CPPTYPE_STRING) reflection->SetString(message, field, "x");
      if (field->cpp_type() == Field::CPPTYPE_INT64) reflection->SetInt64(message, field, setting.min());
    }
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int j = 0; j < reflection->FieldSize(*message, field); ++j)
        fill_required(reflection->MutableRepeatedMessage(message, field, j));
    } else if (reflection->HasField(*message, field)) {
      fill_required(reflection->MutableMessage(message, field));
    }
  }
}

// The message in which the path's last field lies, made on the way.
inline google::protobuf::Message* parent_of(const FieldPath& path, google::protobuf::Message* message) {
  for (size_t i = 0; i + 1 < path.fields.size(); ++i) {
    const Field* field = path.fields[i];
    const auto* reflection = message->GetReflection();
    if (!field->is_repeated()) message = reflection->MutableMessage(message, field);
    else if (reflection->FieldSize(*message, field) == 0) message = reflection->AddMessage(message, field);
    else message = reflection->MutableRepeatedMessage(message, field, 0);
  }
  return message;
}

// `a { b { c: VALUE } }`
inline std::string text_with(const FieldPath& path, const std::string& value) {
  std::string text = path.leaf()->name() + ": " + value;
  for (size_t i = path.fields.size() - 1; i-- > 0;) text = path.fields[i]->name() + " { " + text + " }";
  return text;
}

// `{"a": {"b": {"c": VALUE}}}`
inline std::string json_with(const FieldPath& path, const std::string& value) {
  std::string json = value;
  for (size_t i = path.fields.size(); i-- > 0;) {
    if (path.fields[i]->is_repeated()) json = "[" + json + "]";
    json = "{\"" + path.fields[i]->name() + "\": " + json + "}";
  }
  return json;
}

// `leaf` as the message that holds the path's last field, inside its parents.
inline std::string binary_with(const FieldPath& path, const google::protobuf::UnknownFieldSet& leaf) {
  std::string bytes;
  leaf.SerializeToString(&bytes);
  for (size_t i = path.fields.size() - 1; i-- > 0;) {
    google::protobuf::UnknownFieldSet outer;
    outer.AddLengthDelimited(path.fields[i]->number())->swap(bytes);
    outer.SerializeToString(&bytes);
  }
  return bytes;
}

}  // namespace signsym
