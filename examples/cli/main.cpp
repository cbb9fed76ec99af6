#include <signsym/signsym.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "commands.h"

namespace {

constexpr char kFooter[] = R"(
Examples:
  signsym train cifar10.textproto --out runs/ss
  signsym train cifar10.textproto --set feedback.rule=BACKPROP --set train.epochs=2
  signsym train --resume runs/ss
  signsym report runs/* -o report.html

Exit codes:
  0    done
  1    failed while working: the loss is no longer finite, the network, memory, …
  2    the command line or the config is wrong
  3    a file or folder is missing, unreadable, damaged, of another model, or in the way
  130  ended by Ctrl-C (143 by SIGTERM, 129 by SIGHUP); a run can be resumed

Environment:
  NO_COLOR      set to anything: no colour
  SIGNSYM_DATA  folder that `signsym data get` fills when it is given none
)";

void complain(const std::string& message) { std::fprintf(stderr, "%s\n", message.c_str()); }

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed stdout is an error of write(), so that a run can save its state
  CLI::App app{"signsym: training without weight transport.", "signsym"};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("signsym ") + signsym_version());
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  int exit_code = driver::exit_done;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    complain(std::string("signsym: ") + error.what() + "\nTry: signsym --help");
    return driver::exit_usage;
  } catch (const driver::Failure& failure) {
    complain(failure.what());
    return failure.exit_code();
  } catch (const std::exception& error) {
    complain(std::string("signsym: ") + error.what());
    return driver::exit_failed;
  }
  return exit_code;
}
