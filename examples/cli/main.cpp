#include <signsym/signsym.h>

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>

#include "console.h"
#include "library.h"

namespace {

constexpr char kFooter[] = R"(Examples:
  signsym train cifar10.textproto --out runs/ss
  signsym train cifar10.textproto --set feedback.rule=BACKPROP --set train.epochs=2
  signsym train --resume runs/ss
  signsym report runs/* -o report.html

Exit codes:
  0    done
  1    failed while working: the loss is no longer finite, the network, memory, …
  2    the command line or the config is wrong, or the config asks for what this build or machine does not have
  3    a file or folder is missing, unreadable, damaged, of another model or a newer signsym, in use, or in the way
  130  ended by Ctrl-C (143 by SIGTERM, 129 by SIGHUP); a run can be resumed

Environment:
  NO_COLOR      set, and not empty: no colour
  SIGNSYM_DATA  folder that `signsym data get` fills when it is given none)";

// CLI11's help, in which an option shows only what kind of value it takes.
class Help : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const bool has_value = option->get_type_size() != 0 && !option->get_positional();
    return has_value && !option->get_type_name().empty() ? " " + option->get_type_name() : "";
  }
};

int complain(int exit_code, const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return exit_code;
}

// Files that are opened later must not become stdout or stderr.
void open_standard_streams() {
  for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    close(fd);
    break;
  }
}

int run(int argc, char** argv) {
  CLI::App app{"signsym: training without weight transport.", "signsym"};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("signsym ") + signsym_version(), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  app.formatter(std::make_shared<Help>());
  app.get_formatter()->column_width(26);
  int exit_code = driver::exit_done;
  driver::add_train(app, exit_code);
  driver::add_eval(app, exit_code);
  driver::add_report(app, exit_code);
  driver::add_config(app, exit_code);
  driver::add_data_get(app, exit_code);
  driver::add_info(app, exit_code);
  if (argc < 2) return complain(driver::exit_usage, app.help());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::string command = "signsym";
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
      at = at->get_subcommands()[0];
      command += " " + at->get_name();
    }
    return complain(driver::exit_usage, std::string("signsym: ") + error.what() + "\nTry: " + command + " --help");
  } catch (const driver::LibraryFailure& failure) {
    const char* prefix = failure.is_of_config() ? "" : "signsym: ";
    return complain(failure.exit_code(), std::string(prefix) + failure.what());
  } catch (const driver::Failure& failure) {
    return complain(failure.exit_code(), std::string("signsym: ") + failure.what());
  } catch (const std::exception& error) {
    return complain(driver::exit_failed, std::string("signsym: ") + error.what());
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a closed stdout is an error of write(), so that a run can save its state
  const int exit_code = run(argc, argv);
  errno = 0;
  if ((std::fflush(stdout) == 0 && !std::ferror(stdout)) || exit_code != driver::exit_done) return exit_code;
  return driver::closed_stdout(errno);
}
