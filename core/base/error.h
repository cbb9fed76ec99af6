// What can go wrong, as one exception: it becomes a signsym_error at the C border.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace signsym {

// The values are those of signsym_status in <signsym/signsym.h>.
enum class Status {
  ok = 0,
  invalid_argument = 1,   // a parameter of the call
  invalid_handle = 2,     // freed, foreign, or of another type
  invalid_config = 3,     // field() says which
  not_found = 4,          // a file, a folder, a name
  already_exists = 5,     // and would be overwritten
  io = 6,                 // the operating system refused to read or write
  bad_data = 7,           // a file is there, and is not what it should be
  mismatch = 8,           // a checkpoint or weights of another model
  unsupported = 9,        // by this build or this machine
  out_of_memory = 10,
  diverged = 11,          // the loss became NaN or infinite
  cancelled = 12,
  busy = 13,              // the handle is running in another thread
  callback_failed = 14,   // a callback returned non-zero
  internal = 15,
};

class Error : public std::runtime_error {
 public:
  // `message` names the file or field, what was expected, what was found, and what to do.
  Error(Status status, const std::string& message, std::string field = {})
      : std::runtime_error(message), status_(status), field_(std::move(field)) {}

  Status status() const { return status_; }
  // Path of the config's field at fault ("optimizer.learning_rate"), or empty.
  const std::string& field() const { return field_; }

 private:
  Status status_;
  std::string field_;
};

// Of the config's field at this path: "optimizer.learning_rate: WHAT".
inline Error config_error(const std::string& field, const std::string& what) {
  return {Status::invalid_config, field + ": " + what, field};
}

}  // namespace signsym
