// signsym report DIR… -o report.html
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "commands.h"
#include "disk.h"
#include "report_page.h"
#include "report_run.h"
#include "report_summary.h"

namespace driver {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> folders;
  std::string out = "report.html";
  std::string title = "Training without weight transport";
};

int run(const Options& options) {
  std::vector<Run> runs;
  std::set<fs::path> seen;
  for (const std::string& folder : options.folders) {
    Run run = read_run(folder);
    if (seen.insert(fs::canonical(folder)).second) runs.push_back(std::move(run));
  }
  const std::vector<Group> groups = group_runs(std::move(runs));
  for (const Group& group : groups) {
    std::printf("%s\n%s", printable(group.title).c_str(), group.table.text().c_str());
    for (const std::string& sentence : group.sentences) std::printf("%s\n", printable(sentence).c_str());
    std::printf("\n");
  }
  write_whole(options.out, report_page(options.title, groups));
  std::printf("%s\n", options.out.c_str());
  return exit_done;
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("report", "One page with curves, angles and a table, from run folders");
  command->add_option("DIR", options->folders, "Run folders: what train --out has written")->required();
  command->add_option("-o,--out", options->out, "The page")->capture_default_str();
  command->add_option("--title", options->title, "Its title")->capture_default_str();
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace driver
