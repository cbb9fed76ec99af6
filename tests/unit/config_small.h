// A small valid config, and the errors that changes of it bring.
#pragma once

#include <gtest/gtest.h>
#include <google/protobuf/util/message_differencer.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "config/config.h"

namespace signsym {

inline constexpr Format forms[] = {Format::text, Format::json, Format::binary};

// Lines count in the tests of locations.
inline constexpr char small[] =
    "data {\n"
    "  mnist { path: \"mnist\" }\n"
    "  transform { normalize {} }\n"
    "}\n"
    "model { lenet {} }\n";

inline Config parse(const std::string& text) { return Config::parse(text, Format::text, "a.textproto"); }

inline bool equal(const Config& a, const Config& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a.experiment(), b.experiment());
}

// The message and the field of the error that `call` throws.
template <typename Call>
std::pair<std::string, std::string> fault(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_config);
    return {error.what(), error.field()};
  }
  return {"no error", ""};
}

inline std::string text_fault(const std::string& text) {
  return fault([&] { parse(text).check(); }).first;
}

inline std::string json_fault(const std::string& json) {
  return fault([&] { Config::parse(json, Format::json, "a.json").check(); }).first;
}

inline std::string set_fault(const std::string& path, const std::string& value) {
  Config config = parse(small);
  return fault([&] { config.set(path, value), config.check(); }).first;
}

}  // namespace signsym
