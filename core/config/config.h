// From bytes to a checked Experiment, and back. Strict: what is not understood is an error with a path, never ignored.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "signsym/v1/experiment.pb.h"

namespace signsym {

class Error;
struct Fault;

enum class Format { text = 1, json = 2, binary = 3 };

// A config and where each field came from, so that errors can say it.
class Config {
 public:
  // `source` names the bytes in errors ("cifar10.textproto"). Errors: invalid_config, with line and column for text,
  // the path for JSON, the parent's path and the field number for an unknown field in binary. Nested depth is bounded.
  // Only the form is checked here (unknown fields and enum values, types); check() does the rest.
  static Config parse(std::string_view bytes, Format format, const std::string& source);
  // By the file's ending: .textproto, .txtpb, .pbtxt → text; .json → json; .binpb, .pb → binary; else text.
  static Config read(const std::string& path);

  // "optimizer.learning_rate" = "0.05": a value in text form; makes the messages on the way; an enum by name; "[i]"
  // picks an element of a repeated field that exists, or one past the end; setting a member of a oneof clears the
  // others. A message field takes text in braces or none: "{}". Errors: invalid_config; an unknown name is answered
  // with the names that there are.
  void set(const std::string& path, const std::string& value);

  // Ranges and required fields (from the schema's options), oneofs that must be set, contradictions between fields.
  // The first fault throws: "SOURCE:LINE:COLUMN: PATH: VALUE is out of range: a finite number > 0 is expected".
  // NaN and infinity are never in range.
  void check() const;
  // check(), then every unset field that has a default gets it (messages with defaults are made; oneofs that have a
  // documented default get it: loss → cross_entropy, optimizer → sgd, schedule → constant).
  Config resolved() const;

  std::string write(Format format) const;  // text starts with "# proto-message: signsym.v1.Experiment"
  // SHA-256, hex, of the canonical form: resolved, without fields that are places, binary with fields in order.
  std::string hash() const;

  const v1::Experiment& experiment() const { return experiment_; }
  v1::Experiment& experiment() { return experiment_; }

  // "cifar10.textproto:12:3: optimizer.learning_rate" or "…: optimizer.learning_rate (set after reading)".
  std::string where(const std::string& path) const;

 private:
  std::string place(const std::string& path, const std::string& origin) const;
  Error error(const Fault& fault) const;

  v1::Experiment experiment_;
  std::string source_;
  std::map<std::string, std::string> origin_;  // path → "line:column" or "set after reading"
};

// Calls make(); a fault of a field that it throws then says where in the config's source the field stands.
void locating_errors(const Config& config, const std::function<void()>& make);

// A copy without the fields that the schema marks as places.
v1::Experiment without_places(const v1::Experiment& experiment);

}  // namespace signsym
