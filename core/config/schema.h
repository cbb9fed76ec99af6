// What the schema says about a field: its setting (options.proto), what it allows in words, how it is called.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

#include "signsym/v1/options.pb.h"

namespace signsym {

const v1::Setting& setting_of(const google::protobuf::FieldDescriptor* field);

// By its name in the schema or its JSON name (batch_size, batchSize). nullptr where there is none.
const google::protobuf::FieldDescriptor* find_field(const google::protobuf::Descriptor* message, std::string_view name);

// "optimizer has no field "learnig_rate"; did you mean learning_rate?", else with all the names that there are.
std::string no_such_field(const google::protobuf::Descriptor* message, std::string_view path, std::string_view name);

// "cifar10, mnist".
std::string member_names(const google::protobuf::OneofDescriptor* oneof);

// One value of the field: "a finite number > 0", "a whole number from 1 to 1048576", "one of TEST, VALIDATION".
std::string allowed(const google::protobuf::FieldDescriptor* field);

// Whether the number lies in the field's bounds; NaN and infinity never do.
bool in_range(const google::protobuf::FieldDescriptor* field, double value);

// "data" + "cifar10" → "data.cifar10"; at the root the name alone.
std::string child_path(std::string_view parent, std::string_view name);
// … + "[2]" where the field is repeated.
std::string child_path(std::string_view parent, const google::protobuf::FieldDescriptor* field, int index);

}  // namespace signsym
