// signsym eval: the held-out accuracy of a run, or of weights under a config.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "library.h"
#include "text.h"

namespace driver {

namespace {

namespace fs = std::filesystem;

constexpr char kFooter[] = R"(Of a run: its model.safetensors, or while it is not at its end, its newest checkpoint.

Examples:
  signsym eval runs/ss
  signsym eval runs/ss --set data.held_out=TEST
  signsym eval cifar10.textproto --weights resnet18.safetensors)";

struct Options {
  std::string subject, weights;
  std::vector<std::string> settings;
  bool json = false;
};

// model.safetensors, or checkpoint-<step>.safetensors, the largest step first.
std::vector<std::string> weights_of(const fs::path& run) {
  if (fs::exists(run / "model.safetensors")) return {(run / "model.safetensors").string()};
  std::map<long long, std::string, std::greater<>> by_step;
  for (const auto& entry : fs::directory_iterator(run)) {
    long long step = 0;
    int end = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "checkpoint-%lld.safetensors%n", &step, &end) != 1) continue;
    if (end == static_cast<int>(name.size())) by_step[step] = entry.path().string();
  }
  if (by_step.empty()) throw Failure(exit_file, run.string() + ": no model.safetensors and no checkpoint in this run");
  std::vector<std::string> files;
  for (auto& [step, file] : by_step) files.push_back(std::move(file));
  return files;
}

// The first of them that is whole; what is passed over is said.
std::string load_weights(signsym_model* model, const std::vector<std::string>& files) {
  for (size_t i = 0;; ++i) {
    try {
      call(signsym_model_load_weights, model, files[i].c_str());
      return files[i];
    } catch (const LibraryFailure& failure) {
      if (failure.status() != SIGNSYM_BAD_DATA || i + 1 == files.size()) throw;
      std::fprintf(stderr, "signsym: %s; the one before it is used\n", failure.what());
    }
  }
}

int run_eval(const Options& options) {
  const bool is_run = fs::is_directory(options.subject);
  if (!is_run && options.weights.empty()) {
    throw Failure(exit_usage, options.subject + " is not a run's folder: --weights FILE is needed with a config");
  }
  const Config config = open_config(options.subject, options.settings);
  call(signsym_config_set, config.get(), "output", "{}");  // nothing is written
  const auto files = options.weights.empty() ? weights_of(options.subject) : std::vector<std::string>{options.weights};
  const auto trainer = make<Trainer>(signsym_trainer_create, config.get());
  const auto model = make<Model>(signsym_trainer_model, trainer.get());
  const std::string weights = load_weights(model.get(), files);

  double loss = 0, top1 = 0, top5 = 0;
  int64_t samples = 0;
  call(signsym_trainer_evaluate, trainer.get(), &loss, &top1, &top5, &samples);
  if (options.json) {
    const auto [low, high] = wilson(top1, samples);
    nlohmann::ordered_json json{{"weights", weights}, {"loss", loss}, {"top1", top1}, {"top1_interval", {low, high}}};
    if (std::isfinite(top5)) json["top5"] = top5;
    json["samples"] = samples;
    std::printf("%s\n", json.dump().c_str());
    return exit_done;
  }
  std::printf("%s: top-1 %s", weights.c_str(), accuracy(top1, samples).c_str());
  if (std::isfinite(top5)) std::printf("  top-5 %s", percent(top5).c_str());
  std::printf("  loss %s  %s pictures\n", fixed(loss, 3).c_str(), thousands(samples).c_str());
  return exit_done;
}

}  // namespace

void add_eval(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("eval", "Measure a model on the held-out pictures");
  command->footer(kFooter);
  command->add_option("RUN_DIR|CONFIG", options->subject, "A run's folder, or a config")->required();
  command->add_option("--weights", options->weights, "A model.safetensors or a checkpoint")->type_name("FILE");
  add_settings(*command, options->settings);
  command->add_flag("--json", options->json, "The result as a line of JSON");
  command->callback([options, &exit_code] { exit_code = run_eval(*options); });
}

}  // namespace driver
