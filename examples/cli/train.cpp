// signsym train: a run from a config, or on from its folder.
#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "console.h"
#include "interrupts.h"
#include "library.h"
#include "progress.h"
#include "text.h"

namespace driver {

namespace {

constexpr char kFooter[] =
    R"(A run is a folder: the config as resolved, metrics.jsonl, checkpoints, and at the end model.safetensors.
It is --out, else output.folder of the config, else runs/NAME-SEED. A folder that holds a run is never written over.

Ctrl-C finishes the step and writes a checkpoint; a second Ctrl-C ends at once.

Examples:
  signsym train cifar10.textproto --out runs/ss
  signsym train cifar10.textproto --set feedback.rule=BACKPROP --set seed=2
  signsym train --resume runs/ss
  signsym train cifar10.textproto --json | jq 'select(.event == "epoch").top1')";

struct Options {
  std::string config, out, resume;
  std::vector<std::string> settings;
  bool brief = false, json = false, quiet = false;

  Form form() const { return json ? Form::json : quiet ? Form::quiet : brief ? Form::brief : Form::person; }
};

// What the driver itself reads of a config.
struct Run {
  std::string folder;
  int64_t max_steps = 0;
};

nlohmann::json to_json(const signsym_config* config) {
  return nlohmann::json::parse(to_string(make<Bytes>(signsym_config_write, config, SIGNSYM_JSON)));
}

// 0 without such a limit. (Protobuf's JSON has numbers of 64 bits in quotes.)
int64_t max_steps_of(const nlohmann::json& config) {
  const auto train = config.value("train", nlohmann::json::object());
  return std::strtoll(train.value("max_steps", "0").c_str(), nullptr, 10);
}

// runs/NAME-SEED, with what a file name should not hold turned into "-".
std::string default_folder(const nlohmann::json& resolved) {
  std::string name = resolved.value("name", "") + "-" + resolved.value("seed", "");
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::strchr("._-", c)) c = '-';
  }
  return "runs/" + name;
}

Trainer begin(const Options& options, Run& run) {
  const Config config = open_config(options.config, options.settings);
  if (!options.out.empty()) call(signsym_config_set, config.get(), "output.folder", options.out.c_str());
  const auto resolved = to_json(make<Config>(signsym_config_resolve, config.get()).get());
  run.folder = resolved.value("output", nlohmann::json::object()).value("folder", "");
  if (run.folder.empty()) {
    run.folder = default_folder(resolved);
    call(signsym_config_set, config.get(), "output.folder", run.folder.c_str());
  }
  run.max_steps = max_steps_of(resolved);
  try {
    return make<Trainer>(signsym_trainer_create, config.get());
  } catch (const LibraryFailure& failure) {
    if (failure.status() != SIGNSYM_ALREADY_EXISTS) throw;
    throw Failure(failure.exit_code(), std::string(failure.what()) +
                                           "\n   go on with it: signsym train --resume " + shell_word(run.folder) +
                                           "\n   or write elsewhere: --out DIR");
  }
}

// --set may say where things lie now; that anything else stays as it was is for the library to see to.
Trainer go_on(const Options& options, Run& run) {
  const Config config = open_config(options.resume, options.settings);
  run.folder = options.resume;
  run.max_steps = max_steps_of(to_json(config.get()));
  return make<Trainer>(signsym_trainer_resume, options.resume.c_str(),
                       options.settings.empty() ? nullptr : static_cast<const signsym_config*>(config.get()));
}

struct Listener {
  Console& console;
  Progress& progress;

  static int on_event(const signsym_event* event, void* self) {
    auto* listener = static_cast<Listener*>(self);
    listener->progress.on_event(event);
    return listener->console.error();
  }
};

int run_training(const Options& options) {
  Console console;
  std::unique_ptr<Progress> progress;
  const auto cancel = make<Cancel>(signsym_cancel_create);
  Interrupts interrupts([&](int signal) {
    signsym_cancel_set(cancel.get());
    progress->stopping(signal == SIGINT ? "^C finishing the step …" : "told to end: finishing the step …");
  });

  Run run;
  const Trainer trainer = options.resume.empty() ? begin(options, run) : go_on(options, run);
  progress = std::make_unique<Progress>(console, options.form(), run.folder, run.max_steps);
  Listener listener{console, *progress};
  call(signsym_trainer_on_event, trainer.get(), Listener::on_event, static_cast<void*>(&listener), nullptr);
  interrupts.watch();

  try {
    call(signsym_trainer_run, trainer.get(), cancel.get());
  } catch (const LibraryFailure& failure) {
    const bool ended_early = failure.status() == SIGNSYM_CANCELLED || failure.status() == SIGNSYM_CALLBACK_FAILED;
    if (ended_early && interrupts.signal() != 0) {
      progress->stopped();
      return 128 + interrupts.signal();
    }
    if (ended_early && console.error() != 0) return closed_stdout(console.error());
    console.keep();
    throw;
  }
  progress->finished();
  return exit_done;
}

}  // namespace

void add_train(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a model as a config says, or go on with a run");
  command->footer(kFooter);
  auto* config = command->add_option("CONFIG", options->config, "Config: Protobuf text, .json, or .binpb");
  auto* resume = command->add_option("--resume", options->resume, "Go on with the run in this folder")
                     ->type_name("DIR")->excludes(config);
  command->add_option("-o,--out", options->out, "Folder of the run")->type_name("DIR")->excludes(resume);
  add_settings(*command, options->settings);
  auto* json = command->add_flag("--json", options->json, "Each event as a line of JSON on stdout, nothing else");
  auto* quiet = command->add_flag("-q,--quiet", options->quiet, "Only complaints")->excludes(json);
  command->add_flag("--brief", options->brief, "One bar for the whole run, and one line when it is over")
      ->excludes(json)->excludes(quiet);
  command->callback([options, &exit_code] {
    if (options->config.empty() && options->resume.empty()) {
      throw Failure(exit_usage, "a CONFIG to train, or --resume DIR, is expected\nTry: signsym train --help");
    }
    exit_code = run_training(*options);
  });
}

}  // namespace driver
