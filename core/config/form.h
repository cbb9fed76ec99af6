// The forms of a message: text, JSON, binary. Here only the form is checked: names, types, enum values, UTF-8.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <string>
#include <string_view>

namespace signsym {

enum class Format;  // config.h

// What is wrong with a config, before it is known whose it is: thrown here, an Error when it leaves Config.
struct Fault {
  std::string path;               // of the field, or empty
  std::string why;                // "-1 is out of range: …"
  std::string location = {};      // "line:column", or empty
  bool names_the_place = false;   // `why` is a whole sentence: "optimizer has no field …"
};

// `locations`: path → "line:column" of each field that is set; may be nullptr.
void read_text(std::string_view text, google::protobuf::Message* message,
               std::map<std::string, std::string>* locations);
void read_json(std::string_view json, google::protobuf::Message* message);
void read_binary(std::string_view bytes, google::protobuf::Message* message);

std::string write_text(const google::protobuf::Message& message);
std::string write_json(const google::protobuf::Message& message);
std::string write_binary(const google::protobuf::Message& message);  // equal messages give equal bytes
std::string write(const google::protobuf::Message& message, Format format);
[[noreturn]] void fail_unknown(Format format);  // invalid_argument

// Replaces the field of `parent` (whose path is `parent_path`) by a value in text form. Text needs no quotes and a
// message no braces. Of a repeated field the element at `index` (its size: adds one), or all of it (index −1).
void set_field(google::protobuf::Message* parent, std::string_view parent_path,
               const google::protobuf::FieldDescriptor* field, std::string_view value, int index = -1);

// Faults: an enum number without a name, text that is not UTF-8, an unknown field (which only binary can bring).
void check_form(const google::protobuf::Message& message, const std::string& path = {});

}  // namespace signsym
