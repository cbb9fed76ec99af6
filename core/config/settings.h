// What the schema's settings ask of a whole message, by reflection: no field is named here.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace signsym {

// Ranges, required fields, oneofs that must be set. Throws a Fault at the first.
void check_settings(const google::protobuf::Message& message, const std::string& path = {});

// Gives each unset field, and each oneof, the default that the schema has for it; at any depth.
void fill_defaults(google::protobuf::Message* message);

// Clears the fields that only say where something lies; at any depth.
void drop_places(google::protobuf::Message* message);

}  // namespace signsym
