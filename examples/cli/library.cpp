#include "library.h"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace driver {

namespace {

int exit_code_of(signsym_status status, bool of_config) {
  switch (status) {
    case SIGNSYM_INVALID_ARGUMENT:
    case SIGNSYM_INVALID_CONFIG:
      return exit_usage;
    case SIGNSYM_NOT_FOUND:
    case SIGNSYM_ALREADY_EXISTS:
    case SIGNSYM_IO:
    case SIGNSYM_BAD_DATA:
    case SIGNSYM_MISMATCH:
    case SIGNSYM_BUSY:
      return exit_file;
    case SIGNSYM_UNSUPPORTED:
      return of_config ? exit_usage : exit_file;
    default:
      return exit_failed;
  }
}

// The library does not know where its caller has a value from: here it is --set.
std::string on_the_command_line(std::string message) {
  const std::string set = "(set after reading)";
  const size_t at = message.find(set);
  return at == std::string::npos ? message : message.replace(at, set.size(), "(set on the command line)");
}

}  // namespace

LibraryFailure::LibraryFailure(signsym_status status, const std::string& message, const std::string& field)
    : Failure(exit_code_of(status, !field.empty()), message),
      status_(status),
      of_config_(status == SIGNSYM_INVALID_CONFIG || (status == SIGNSYM_UNSUPPORTED && !field.empty())) {}

void throw_unless_ok(signsym_status status, signsym_error* error) {
  if (status == SIGNSYM_OK) return;
  std::string message = signsym_error_message(error);
  if (message.empty()) message = signsym_status_name(status);
  const std::string field = signsym_error_field(error);
  signsym_error_free(error);
  throw LibraryFailure(status, on_the_command_line(message), field);
}

std::string to_string(const Bytes& bytes) {
  return std::string(signsym_bytes_data(bytes.get()), signsym_bytes_size(bytes.get()));
}

Config open_config(const std::string& path, const std::vector<std::string>& settings) {
  std::error_code ignored;
  auto config = std::filesystem::is_directory(path, ignored)
                    ? make<Config>(signsym_config_create_from_run, path.c_str())
                    : make<Config>(signsym_config_create_from_file, path.c_str());
  apply(config.get(), settings);
  return config;
}

void apply(signsym_config* config, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      throw Failure(exit_usage, "--set " + setting + ": PATH=VALUE is expected, as in --set train.epochs=2");
    }
    call(signsym_config_set, config, setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str());
  }
}

void add_settings(CLI::App& command, std::vector<std::string>& settings) {
  command.add_option("--set", settings, "Set a field of the config: train.epochs=2, feedback.layer[0].rule=BACKPROP")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
}

}  // namespace driver
