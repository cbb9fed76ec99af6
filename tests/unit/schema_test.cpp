// The schema against the recorded one: configs that were written once must stay readable, and mean the same.
#include <gmock/gmock.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "signsym/v1/build_info.pb.h"
#include "signsym/v1/experiment.pb.h"
#include "signsym/v1/metrics.pb.h"

namespace signsym {
namespace {

namespace pb = google::protobuf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Everything that a config relies on: "signsym.v1.Data.batch_size" → "optional TYPE_INT64, number 3".
using Entries = std::map<std::string, std::string>;

std::string entry(const pb::FieldDescriptorProto& field, const pb::DescriptorProto* message) {
  std::string text = pb::FieldDescriptorProto::Label_Name(field.label()) + " " +
                     pb::FieldDescriptorProto::Type_Name(field.type()) + " " + field.type_name() + ", number " +
                     std::to_string(field.number());
  if (field.proto3_optional()) text += ", with presence";
  else if (message && field.has_oneof_index()) text += ", in oneof " + message->oneof_decl(field.oneof_index()).name();
  return text;
}

void add(const pb::EnumDescriptorProto& type, const std::string& scope, Entries* entries) {
  const std::string name = scope + "." + type.name();
  (*entries)[name] = "enum";
  for (const auto& value : type.value())
    (*entries)[name + "." + value.name()] = "value " + std::to_string(value.number());
}

void add(const pb::DescriptorProto& message, const std::string& scope, Entries* entries) {
  const std::string name = scope + "." + message.name();
  (*entries)[name] = "message";
  for (const auto& field : message.field()) (*entries)[name + "." + field.name()] = entry(field, &message);
  for (const auto& nested : message.nested_type()) add(nested, name, entries);
  for (const auto& nested : message.enum_type()) add(nested, name, entries);
}

Entries entries_of(const pb::FileDescriptorSet& files) {
  Entries entries;
  for (const auto& file : files.file()) {
    for (const auto& message : file.message_type()) add(message, file.package(), &entries);
    for (const auto& type : file.enum_type()) add(type, file.package(), &entries);
    for (const auto& field : file.extension())
      entries["[" + file.package() + "." + field.name() + "]"] = entry(field, nullptr);
  }
  return entries;
}

// What would break a config that was written under `before`.
std::vector<std::string> breaks(const pb::FileDescriptorSet& before, const pb::FileDescriptorSet& after) {
  const Entries now = entries_of(after);
  std::vector<std::string> found;
  for (const auto& [name, was] : entries_of(before)) {
    const auto entry = now.find(name);
    if (entry == now.end()) found.push_back(name + " is missing");
    else if (entry->second != was) found.push_back(name + " was " + was + "; now it is " + entry->second);
  }
  return found;
}

pb::FileDescriptorSet recorded() {
  pb::FileDescriptorSet files;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(read_file(SIGNSYM_SOURCE_DIR "/tests/schema/v1.textproto"), &files));
  return files;
}

void add_file(const pb::FileDescriptor* file, pb::FileDescriptorSet* files) {
  if (file->package() != "signsym.v1") return;
  for (const auto& known : files->file())
    if (known.name() == file->name()) return;
  file->CopyTo(files->add_file());
  for (int i = 0; i < file->dependency_count(); ++i) add_file(file->dependency(i), files);
}

pb::FileDescriptorSet current() {
  pb::FileDescriptorSet files;
  for (const pb::Descriptor* root :
       {v1::Experiment::descriptor(), v1::Metrics::descriptor(), v1::BuildInfo::descriptor()})
    add_file(root->file(), &files);
  return files;
}

TEST(Schema, Nothing_recorded_was_removed_renumbered_or_retyped) {
  EXPECT_THAT(breaks(recorded(), current()), IsEmpty()) << "Configs out there would break. Add a new field instead.";
  for (const std::string& fresh : breaks(current(), recorded()))
    std::cout << fresh << " in the record: run script/record-schema\n";
}

TEST(Schema, The_record_holds_the_whole_schema) {
  const std::filesystem::directory_iterator folder(SIGNSYM_SOURCE_DIR "/proto/signsym/v1");
  const auto written = std::distance(begin(folder), end(folder));
  EXPECT_EQ(recorded().file_size(), written);
  EXPECT_EQ(current().file_size(), written);
  EXPECT_GT(entries_of(recorded()).size(), 150u);
}

TEST(Schema, Every_enum_begins_with_unspecified_zero) {
  int seen = 0;
  for (const auto& [name, what] : entries_of(current())) {
    if (what != "value 0") continue;
    EXPECT_THAT(name, HasSubstr("UNSPECIFIED"));
    ++seen;
  }
  EXPECT_GE(seen, 10);
}

// ---- what a reader finds in the .proto files

struct Complaints : pb::io::ErrorCollector {
  void AddError(int line, int, const std::string& text) override { ADD_FAILURE() << "line " << line + 1 << ": " << text; }
};

// A file as it is written, with its comments.
pb::FileDescriptorProto source(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Complaints complaints;
  pb::io::Tokenizer tokenizer(&stream, &complaints);
  pb::compiler::Parser parser;
  parser.RecordErrorsTo(&complaints);
  pb::FileDescriptorProto file;
  EXPECT_TRUE(parser.Parse(&tokenizer, &file)) << path;
  return file;
}

bool has_comment(const pb::FileDescriptorProto& file, const std::vector<int>& path) {
  for (const auto& location : file.source_code_info().location())
    if (std::equal(path.begin(), path.end(), location.path().begin(), location.path().end()))
      return !location.leading_comments().empty();
  return false;
}

std::vector<int> joined(std::vector<int> path, int field, int index) {
  path.insert(path.end(), {field, index});
  return path;
}

// The fields without a comment, of a message and of those inside it. `commented`: names of the messages that have one,
// which serves for a member of a oneof too.
void add_bare(const pb::FileDescriptorProto& file, const pb::DescriptorProto& message, const std::vector<int>& path,
              const std::set<std::string>& commented, std::vector<std::string>* bare) {
  for (int i = 0; i < message.field_size(); ++i) {
    const pb::FieldDescriptorProto& field = message.field(i);
    const bool chosen = field.has_oneof_index() && !field.proto3_optional() && commented.count(field.type_name());
    if (!chosen && !has_comment(file, joined(path, pb::DescriptorProto::kFieldFieldNumber, i)))
      bare->push_back(message.name() + "." + field.name());
  }
  for (int i = 0; i < message.nested_type_size(); ++i)
    add_bare(file, message.nested_type(i), joined(path, pb::DescriptorProto::kNestedTypeFieldNumber, i), commented, bare);
}

TEST(Schema, Every_field_has_a_comment_or_is_one_of_several_whose_message_has_one) {
  const auto path_of = [](int i) { return joined({}, pb::FileDescriptorProto::kMessageTypeFieldNumber, i); };
  std::vector<pb::FileDescriptorProto> files;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNSYM_SOURCE_DIR "/proto/signsym/v1"))
    files.push_back(source(entry.path()));
  std::set<std::string> commented;
  for (const auto& file : files)
    for (int i = 0; i < file.message_type_size(); ++i)
      if (has_comment(file, path_of(i))) commented.insert(file.message_type(i).name());
  std::vector<std::string> bare;
  for (const auto& file : files)
    for (int i = 0; i < file.message_type_size(); ++i) add_bare(file, file.message_type(i), path_of(i), commented, &bare);
  EXPECT_THAT(bare, IsEmpty());
  EXPECT_GT(commented.size(), 15u);
}

// ---- the comparison notices each kind of change

pb::DescriptorProto* message(pb::FileDescriptorSet* files, const std::string& name) {
  for (auto& file : *files->mutable_file())
    for (auto& message : *file.mutable_message_type())
      if (message.name() == name) return &message;
  return nullptr;
}

pb::FieldDescriptorProto* field(pb::FileDescriptorSet* files, const std::string& in, const std::string& name) {
  for (auto& field : *message(files, in)->mutable_field())
    if (field.name() == name) return &field;
  return nullptr;
}

pb::EnumDescriptorProto* enumeration(pb::FileDescriptorSet* files, const std::string& name) {
  for (auto& file : *files->mutable_file())
    for (auto& type : *file.mutable_enum_type())
      if (type.name() == name) return &type;
  return nullptr;
}

std::vector<std::string> breaks_after(const std::function<void(pb::FileDescriptorSet*)>& change) {
  pb::FileDescriptorSet changed = recorded();
  change(&changed);
  return breaks(recorded(), changed);
}

TEST(SchemaComparison, A_removed_field_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) { message(files, "Crop")->clear_field(); }),
              ElementsAre("signsym.v1.Crop.padding is missing"));
}

TEST(SchemaComparison, A_renamed_field_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) { field(files, "Crop", "padding")->set_name("pixels"); }),
              ElementsAre("signsym.v1.Crop.padding is missing"));
}

TEST(SchemaComparison, A_renumbered_field_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) { field(files, "Crop", "padding")->set_number(2); }),
              ElementsAre(HasSubstr("number 1, with presence; now it is LABEL_OPTIONAL TYPE_INT32 , number 2")));
}

TEST(SchemaComparison, A_retyped_field_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) {
                field(files, "Crop", "padding")->set_type(pb::FieldDescriptorProto::TYPE_INT64);
              }),
              ElementsAre(HasSubstr("signsym.v1.Crop.padding was")));
  EXPECT_THAT(breaks_after([](auto* files) {
                field(files, "Feedback", "rule")->set_type_name(".signsym.v1.Scale");
              }),
              ElementsAre(HasSubstr("signsym.v1.Feedback.rule was")));
}

TEST(SchemaComparison, A_relabelled_field_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) {
                field(files, "Normalize", "mean")->set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
              }),
              ElementsAre(HasSubstr("signsym.v1.Normalize.mean was")));
  EXPECT_THAT(breaks_after([](auto* files) { field(files, "Crop", "padding")->clear_proto3_optional(); }),
              ElementsAre(HasSubstr("signsym.v1.Crop.padding was")));
  EXPECT_THAT(breaks_after([](auto* files) { field(files, "Transform", "crop")->clear_oneof_index(); }),
              ElementsAre(HasSubstr("signsym.v1.Transform.crop was")));
}

TEST(SchemaComparison, A_removed_or_renumbered_enum_value_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) { enumeration(files, "HeldOut")->mutable_value()->RemoveLast(); }),
              ElementsAre("signsym.v1.HeldOut.VALIDATION is missing"));
  EXPECT_THAT(breaks_after([](auto* files) { enumeration(files, "HeldOut")->mutable_value(1)->set_number(7); }),
              ElementsAre("signsym.v1.HeldOut.TEST was value 1; now it is value 7"));
  EXPECT_THAT(breaks_after([](auto* files) {
                message(files, "Device")->mutable_enum_type(0)->mutable_value()->RemoveLast();
              }),
              ElementsAre("signsym.v1.Device.Kind.CUDA is missing"));
}

TEST(SchemaComparison, A_removed_message_or_extension_is_noticed) {
  EXPECT_THAT(breaks_after([](auto* files) { message(files, "MeanSquaredError")->set_name("Other"); }),
              ElementsAre("signsym.v1.MeanSquaredError is missing"));
  EXPECT_THAT(breaks_after([](auto* files) {
                for (auto& file : *files->mutable_file()) file.clear_extension();
              }),
              ElementsAre("[signsym.v1.setting] is missing"));
}

TEST(SchemaComparison, What_is_added_breaks_nothing) {
  EXPECT_THAT(breaks_after([](auto* files) {
                auto* added = message(files, "Crop")->add_field();
                added->set_name("fill");
                added->set_number(2);
                added->set_type(pb::FieldDescriptorProto::TYPE_DOUBLE);
                enumeration(files, "HeldOut")->add_value()->set_name("BOTH");
                files->mutable_file(0)->add_message_type()->set_name("Fresh");
              }),
              IsEmpty());
}

TEST(SchemaComparison, A_message_may_move_to_another_file) {
  EXPECT_THAT(breaks_after([](auto* files) {
                auto* from = files->mutable_file(0)->mutable_message_type();
                *files->mutable_file(1)->add_message_type() = from->Get(from->size() - 1);
                from->RemoveLast();
              }),
              IsEmpty());
}

}  // namespace
}  // namespace signsym
