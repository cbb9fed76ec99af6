// signsym data get: a published data set, fetched, checked and unpacked.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "commands.h"
#include "console.h"
#include "fetch.h"
#include "interrupts.h"
#include "text.h"

namespace driver {

namespace {

constexpr int kBarColumns = 30;

struct Options {
  std::string name;    // cifar10, mnist
  std::string folder;
  std::string from;    // "": as published
};

// 76.5
std::string megabytes(int64_t bytes) { return fixed(static_cast<double>(bytes) / 1e6, 1); }

// The bar of a fetch, and its pace since this process began.
class Bar {
 public:
  Bar(Console& console, std::string title) : console_(console), title_(std::move(title)) {}

  void show(int64_t bytes, int64_t all) {
    const Clock::time_point now = Clock::now();
    if (first_ < 0) {
      first_ = bytes;
      begin_ = now;
    } else if (now - last_ < std::chrono::milliseconds(100) && bytes < all) {
      return;
    }
    last_ = now;
    const double elapsed = std::chrono::duration<double>(now - begin_).count();
    std::string tail = megabytes(bytes) + " of " + megabytes(all) + " MB";
    if (elapsed > 1 && bytes > first_) {
      const double pace = static_cast<double>(bytes - first_) / elapsed;
      tail += "  " + fixed(pace / 1e6, 1) + " MB/s  " + duration(static_cast<double>(all - bytes) / pace) + " left";
    }
    const double fraction = static_cast<double>(bytes) / static_cast<double>(all);
    console_.redraw(title_ + " " + console_.bar(fraction, kBarColumns) + " " + tail);
  }

 private:
  using Clock = std::chrono::steady_clock;

  Console& console_;
  const std::string title_;
  Clock::time_point begin_, last_;
  int64_t first_ = -1;  // bytes that were there when it began
};

std::string folder_of(const Options& options) {
  if (!options.folder.empty()) return options.folder;
  const char* data = std::getenv("SIGNSYM_DATA");
  if (data == nullptr || *data == '\0') {
    throw Failure(exit_usage, "signsym data get: a folder is expected: signsym data get " + options.name +
                                  " DIR, or SIGNSYM_DATA in the environment");
  }
  return (std::filesystem::path(data) / (options.name == "mnist" ? "mnist" : "cifar-10-batches-bin")).string();
}

// Stopped by a signal: false.
bool fetch_with_bar(const Source& source, const std::string& folder, Console& console, Interrupts& interrupts) {
  Bar bar(console, source.title);
  interrupts.watch();
  try {
    return fetch(source, folder, Patience(), [&](int64_t bytes, int64_t all) {
      bar.show(bytes, all);
      return interrupts.signal() == 0;
    });
  } catch (...) {
    console.keep();
    throw;
  }
}

int get_data(const Options& options) {
  Console console;
  Interrupts interrupts([](int) {});
  Source source = options.name == "mnist" ? mnist_source() : cifar10_source();
  if (!options.from.empty()) source.address = options.from;
  const std::string folder = folder_of(options);

  if (is_complete(source, folder)) {
    console.line(source.title + " is in " + folder + " already");
  } else {
    console.line(source.title + " from " + source.address);
    if (!fetch_with_bar(source, folder, console, interrupts)) {
      console.line("stopped: the same command goes on from here");
      return 128 + interrupts.signal();
    }
    console.line(source.title + " is in " + folder + ", with the published MD5");
  }
  console.line("in a config: data { " + options.name + " { path: \"" + folder + "\" } }");
  return console.error() == 0 ? exit_done : closed_stdout(console.error());
}

}  // namespace

void add_data_get(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* data = app.add_subcommand("data", "Fetch data sets");
  data->require_subcommand(1);
  CLI::App* get = data->add_subcommand("get", "Fetch a published data set, check its MD5 and unpack it");
  get->add_option("NAME", options->name, "cifar10 or mnist")->required()->check(CLI::IsMember({"cifar10", "mnist"}));
  get->add_option("DIR", options->folder, "Where its files are put (default: a folder in $SIGNSYM_DATA)");
  get->add_option("--from", options->from, "A mirror: the address of a folder that holds the published files")
      ->type_name("URL");
  get->callback([options, &exit_code] { exit_code = get_data(*options); });
}

}  // namespace driver
