// signsym config: check, print, convert and hash configs, without data or training.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "disk.h"
#include "library.h"

namespace driver {

namespace {

const std::map<std::string, signsym_format> kFormats{
    {"text", SIGNSYM_TEXT}, {"json", SIGNSYM_JSON}, {"binary", SIGNSYM_BINARY}};

struct Options {
  std::string config, output, format = "text";
  std::vector<std::string> settings;
};

// As signsym_config_create_from_file reads it back.
signsym_format format_of(const std::string& path) {
  const auto ends_with = [&](const std::string& ending) {
    return path.size() >= ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
  };
  if (ends_with(".json")) return SIGNSYM_JSON;
  return ends_with(".binpb") || ends_with(".pb") ? SIGNSYM_BINARY : SIGNSYM_TEXT;
}

void check(const Options& options) {
  call(signsym_config_check, open_config(options.config, options.settings).get());
  std::printf("%s: ok\n", options.config.c_str());
}

void print(const Options& options) {
  const Config config = open_config(options.config, options.settings);
  const auto resolved = make<Config>(signsym_config_resolve, config.get());
  const signsym_format format = kFormats.at(options.format);
  const std::string bytes = to_string(make<Bytes>(signsym_config_write, resolved.get(), format));
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  if (format == SIGNSYM_JSON && bytes.back() != '\n') std::putchar('\n');
}

void convert(const Options& options) {
  const Config config = open_config(options.config, options.settings);
  const auto bytes = make<Bytes>(signsym_config_write, config.get(), format_of(options.output));
  write_whole(options.output, {signsym_bytes_data(bytes.get()), signsym_bytes_size(bytes.get())});
}

void hash(const Options& options) {
  const Config config = open_config(options.config, options.settings);
  std::printf("%s\n", to_string(make<Bytes>(signsym_config_hash, config.get())).c_str());
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("config", "Check, print, convert or hash a config");
  command->require_subcommand(1);
  command->footer(R"(Examples:
  signsym config check cifar10.textproto --set optimizer.learning_rate=0.05
  signsym config print cifar10.textproto            every default written out
  signsym config convert cifar10.textproto cifar10.json
  signsym config hash runs/ss                       equal for configs that give equal results

A network of one's own is model { graph { … } }: docs/graph.md, examples/configs/cifar10-mobilenet.textproto)");
  const auto add = [&](const char* name, const char* what, void (*run)(const Options&)) {
    CLI::App* action = command->add_subcommand(name, what);
    action->add_option("CONFIG", options->config, "A config, or a run's folder")->required();
    add_settings(*action, options->settings);
    action->callback([options, run, &exit_code] {
      run(*options);
      exit_code = exit_done;
    });
    return action;
  };
  add("check", "Say whether every field is in order", check)
      ->footer("What only data, weights and the machine can tell is seen when training begins: whether files are there and\n"
               "fit, whether the nodes of a graph go together, whether the device can be had, and whether each pattern\n"
               "(feedback.layer, optimizer.no_decay, optimizer.freeze, model.weights_except) matches a name of the model.");
  add("print", "Print it with every default written out", print)
      ->add_option("--format", options->format, "text (the default), json or binary")
      ->type_name("FORMAT")
      ->check([](const std::string& format) {
        return kFormats.count(format) ? "" : "text, json or binary is expected, not " + format;
      });
  add("convert", "Write it in the format that OUT's name ends in: .textproto, .json, .binpb", convert)
      ->add_option("OUT", options->output, "File to write")
      ->required();
  add("hash", "Print the SHA-256 of all that its results depend on", hash);
}

}  // namespace driver
