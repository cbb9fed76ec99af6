// The commands of `signsym`, one file each. A command is registered on the app that main() parses with:
//
//   void add_info(CLI::App& app, int& exit_code) {
//     auto options = std::make_shared<Options>();
//     CLI::App* command = app.add_subcommand("info", "Versions, processor, chosen defaults");
//     command->callback([options, &exit_code] { exit_code = run(*options); });
//   }
//
// Results and progress go to stdout, complaints to stderr. A command that cannot do its work throws Failure.
#pragma once

#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace driver {

// Written in `signsym --help`; 128 + n after signal n (130: Ctrl-C).
enum ExitCode {
  exit_done = 0,
  exit_failed = 1,  // the work was begun and failed: loss not finite, network, out of memory, …
  exit_usage = 2,   // the command line or the config is wrong, or asks for what this build or machine does not have
  exit_file = 3,    // a file or folder is missing, unreadable, damaged, of another model or a newer signsym, in use, in the way
};

// main() writes "signsym: MESSAGE" to stderr and exits with the code.
class Failure : public std::runtime_error {
 public:
  Failure(int exit_code, const std::string& message) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

void add_train(CLI::App& app, int& exit_code);
void add_eval(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_data_get(CLI::App& app, int& exit_code);  // makes `data` with its subcommand `get`
void add_info(CLI::App& app, int& exit_code);

}  // namespace driver
