#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/strutil.h>
#include <google/protobuf/text_format.h>

#include <memory>
#include <tuple>
#include <vector>

#include "config/form.h"
#include "config/schema.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;
using Tokenizer = pb::io::Tokenizer;

constexpr int deepest = 100;

// Where in the schema the text lies that is read into a message.
struct Root {
  std::string path = {};
  int index = 0;  // that the first element of a repeated field has
};

// Keeps the first error; nothing is printed.
struct FirstError : pb::io::ErrorCollector {
  int line = -1, column = -1;
  std::string words;

  void AddError(int at_line, int at_column, const std::string& text) override {
    if (words.empty()) std::tie(line, column, words) = std::tie(at_line, at_column, text);
  }
};

std::string location(int line, int column) { return std::to_string(line + 1) + ":" + std::to_string(column + 1); }

// A message that is being read, and the field in it that was named last.
struct Level {
  const pb::Descriptor* message = nullptr;  // nullptr inside a field that does not exist
  std::string path = {};
  std::map<std::string, int> elements = {};  // of each name so far

  std::string name = {};
  const pb::FieldDescriptor* field = nullptr;
  std::string at = {};
  int index = 0;
  bool in_list = false;
  bool in_value = false;
  std::string value = {};

  std::string field_path() const { return field ? child_path(path, field, index) : child_path(path, name); }
};

// The parser tells a position only: this reads the text again up to there, to know the field.
Level level_at(std::string_view text, int line, int column, const pb::Descriptor* message, const Root& root) {
  FirstError ignored;
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Tokenizer tokenizer(&stream, &ignored);
  tokenizer.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
  tokenizer.set_allow_f_after_float(true);
  tokenizer.set_require_space_after_number(false);
  tokenizer.set_allow_multiline_strings(true);

  std::vector<Level> levels{{message, root.path}};
  while (tokenizer.Next()) {
    const Tokenizer::Token& token = tokenizer.current();
    Level& level = levels.back();
    if (std::tie(token.line, token.column) >= std::tie(line, column)) {
      if (!level.in_value) break;
      level.value += token.text;
      if (token.text == "-" && tokenizer.Next()) level.value += tokenizer.current().text;
      break;
    }
    if (token.text == "{" || token.text == "<") {
      levels.push_back({level.field ? level.field->message_type() : nullptr, level.field_path()});
    } else if (token.text == "}" || token.text == ">") {
      if (levels.size() > 1) levels.pop_back();
      Level& outer = levels.back();
      outer.in_value = outer.in_list;
      if (!outer.in_list) outer.name.clear();
    } else if (token.text == "[" && level.field) {
      level.in_list = level.in_value = true;
    } else if (token.text == "]") {
      level.in_list = level.in_value = false;
    } else if (token.text == "," && level.in_list) {
      level.index = level.elements[level.name]++;
      level.value.clear();
    } else if (token.text == ":") {
      level.in_value = true;
    } else if (level.in_value) {
      level.value += token.text;
      level.in_value = level.in_list || token.text == "-";
    } else if (token.type == Tokenizer::TYPE_IDENTIFIER) {
      level.name = token.text;
      level.field = level.message ? level.message->FindFieldByName(token.text) : nullptr;
      level.at = location(token.line, token.column);
      level.value.clear();
      if (!level.elements.count(level.name)) level.elements[level.name] = levels.size() == 1 ? root.index : 0;
      level.index = level.elements[level.name]++;
    }
  }
  return levels.back();
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Fault fault_of(const FirstError& error, std::string_view text, const pb::Descriptor* message, const Root& root) {
  constexpr size_t longest = 64;
  const Level level = level_at(text, error.line, error.column, message, root);
  const pb::FieldDescriptor* field = level.field;
  const std::string& words = error.words;
  if (contains(words, "has no field named") && level.message)
    return {level.field_path(), no_such_field(level.message, level.path, level.name), level.at, true};
  if (contains(words, "specified multiple times"))
    return {level.field_path(), "is set twice; leave one of them", level.at};
  if (contains(words, "another member of oneof") && field && field->containing_oneof())
    return {level.field_path(), "only one of " + member_names(field->containing_oneof()) + " can be set", level.at};
  const bool value_is_wrong = level.in_value && !contains(words, "too deep") && !contains(words, "Expected \",\"");
  if (field && (value_is_wrong || contains(words, "Unknown enumeration") || contains(words, "Invalid value for"))) {
    std::string found = level.value.empty() ? "nothing" : level.value.substr(0, longest);
    return {level.field_path(), found + " was found: " + allowed(field) + " is expected", level.at};
  }
  std::string why = words.substr(0, words.find_last_not_of(". ") + 1);
  constexpr std::string_view no_name = "Expected identifier";
  if (words.compare(0, no_name.size(), no_name) == 0)
    why = words.back() == ' ' ? "the text ends where a field or } is expected"
                              : "a field is expected" + words.substr(no_name.size());
  bool in_field = !level.name.empty() && level.value.empty();
  return {in_field ? level.field_path() : level.path, why, location(error.line, error.column)};
}

void read(std::string_view text, pb::Message* message, pb::TextFormat::ParseInfoTree* tree, const Root& root) {
  FirstError error;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(tree);
  parser.SetRecursionLimit(deepest);
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  if (!parser.Parse(&stream, message)) throw fault_of(error, text, message->GetDescriptor(), root);
}

void collect(const pb::Message& message, const pb::TextFormat::ParseInfoTree& tree, const std::string& path,
             std::map<std::string, std::string>* locations) {
  const pb::Reflection* reflection = message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    const bool repeated = field->is_repeated();
    const int size = repeated ? reflection->FieldSize(message, field) : 1;
    // A list in brackets has one place for all its elements.
    const bool each_has_a_place = repeated && tree.GetLocation(field, size - 1).line >= 0;
    for (int i = 0; i < size; ++i) {
      const std::string here = child_path(path, field, i);
      const auto place = tree.GetLocation(field, !repeated ? -1 : each_has_a_place ? i : 0);
      locations->emplace(here, location(place.line, place.column));
      const auto* nested = tree.GetTreeForNested(field, repeated ? i : -1);
      if (nested)
        collect(repeated ? reflection->GetRepeatedMessage(message, field, i) : reflection->GetMessage(message, field),
                *nested, here, locations);
    }
  }
}

std::string in_text_form(const pb::FieldDescriptor* field, std::string_view value) {
  const size_t first = value.find_first_not_of(" \t\r\n");
  const char begin = first == std::string_view::npos ? '\0' : value[first];
  if (field->is_repeated() && begin == '[') return std::string(value);
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING: {
      const bool quoted = value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0];
      return quoted ? std::string(value) : '"' + pb::CEscape(std::string(value)) + '"';
    }
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return begin == '{' || begin == '<' ? std::string(value) : "{" + std::string(value) + "\n}";
    default: return std::string(value);
  }
}

}  // namespace

void read_text(std::string_view text, pb::Message* message, std::map<std::string, std::string>* locations) {
  pb::TextFormat::ParseInfoTree tree;
  read(text, message, &tree, {});
  if (locations) collect(*message, tree, "", locations);
}

std::string write_text(const pb::Message& message) {
  pb::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  return "# proto-message: " + message.GetDescriptor()->full_name() + "\n" + text;
}

void set_field(pb::Message* parent, std::string_view parent_path, const pb::FieldDescriptor* field,
               std::string_view value, int index) {
  const pb::Reflection* reflection = parent->GetReflection();
  std::unique_ptr<pb::Message> fresh(parent->New());
  try {
    read(field->name() + ": " + in_text_form(field, value), fresh.get(), nullptr,
         {std::string(parent_path), index < 0 ? 0 : index});
  } catch (Fault& fault) {
    fault.location.clear();
    throw;
  }

  const std::string path = index < 0 ? child_path(parent_path, field->name()) : child_path(parent_path, field, index);
  std::vector<const pb::FieldDescriptor*> set;
  reflection->ListFields(*fresh, &set);
  if (set.size() > 1 || (set.size() == 1 && set[0] != field) ||
      (index >= 0 && reflection->FieldSize(*fresh, field) != 1))
    throw Fault{path, "\"" + std::string(value) + "\" is more or less than one value: " + allowed(field) +
                          " is expected"};

  if (index < 0) reflection->ClearField(parent, field);
  parent->MergeFrom(*fresh);
  const int last = index < 0 ? 0 : reflection->FieldSize(*parent, field) - 1;
  if (index >= 0 && index < last) {
    reflection->SwapElements(parent, field, index, last);
    reflection->RemoveLast(parent, field);
  }
}

}  // namespace signsym
