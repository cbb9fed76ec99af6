// <signsym/signsym.h> for the driver: handles that free themselves, and statuses that are thrown.
#pragma once

#include <signsym/signsym.h>

#include <memory>
#include <string>
#include <vector>

#include "commands.h"

namespace driver {

template <auto free_handle>
struct Free {
  template <class T>
  void operator()(T* handle) const {
    free_handle(handle);
  }
};
using Bytes = std::unique_ptr<signsym_bytes, Free<signsym_bytes_free>>;
using Cancel = std::unique_ptr<signsym_cancel, Free<signsym_cancel_free>>;
using Config = std::unique_ptr<signsym_config, Free<signsym_config_free>>;
using Model = std::unique_ptr<signsym_model, Free<signsym_model_free>>;
using Trainer = std::unique_ptr<signsym_trainer, Free<signsym_trainer_free>>;

class LibraryFailure : public Failure {
 public:
  // `field`: of the config, at fault; "" where none is.
  LibraryFailure(signsym_status status, const std::string& message, const std::string& field);
  signsym_status status() const { return status_; }
  // Then the message begins with the config's name, as a compiler's do.
  bool is_of_config() const { return of_config_; }

 private:
  signsym_status status_;
  bool of_config_;
};

// Throws LibraryFailure with the error's message, unless the status is SIGNSYM_OK. Frees the error.
void throw_unless_ok(signsym_status status, signsym_error* error);

// call(signsym_config_check, config.get()): the function, with its last parameter, the error, seen to.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  signsym_error* error = nullptr;
  const signsym_status status = function(arguments..., &error);
  throw_unless_ok(status, error);
}

// make<Config>(signsym_config_create_from_file, path): the same where the last but one parameter is a new handle.
template <class Handle, class Function, class... Arguments>
Handle make(Function function, Arguments... arguments) {
  typename Handle::pointer handle = nullptr;
  call(function, arguments..., &handle);
  return Handle(handle);
}

std::string to_string(const Bytes& bytes);

// The config of a file, or of a run's folder, with each "path=value" of `settings` set in order.
Config open_config(const std::string& path, const std::vector<std::string>& settings);
void apply(signsym_config* config, const std::vector<std::string>& settings);
// --set path=value, any number of times.
void add_settings(CLI::App& command, std::vector<std::string>& settings);

}  // namespace driver
