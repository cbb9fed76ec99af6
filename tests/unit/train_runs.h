// What the tests of runs share: a short real data set, a small experiment, and what a run leaves in its folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/config.h"
#include "data_sets.h"
#include "scratch.h"
#include "train/trainer.h"

namespace signsym {

namespace fs = std::filesystem;
using nlohmann::json;

// 96 of the pictures that come with the project and 40 held out: an epoch is five steps of 20, the last one of 16.
constexpr int64_t training_pictures = 96, held_out_pictures = 40, steps_per_epoch = 5;

class Runs {
 public:
  Runs() {
    constexpr size_t record = 1 + 3072;
    const std::string source = SIGNSYM_SOURCE_DIR "/examples/data/cifar10/";
    fs::create_directory(data());
    spill(data() / "data_batch_1.bin", slurp(source + "data_batch_1.bin").substr(0, training_pictures * record));
    spill(data() / "test_batch.bin", slurp(source + "test_batch.bin").substr(0, held_out_pictures * record));
  }

  fs::path data() const { return scratch_ / "data"; }
  fs::path operator/(const std::string& name) const { return scratch_ / name; }

  // Two epochs of a small residual network with momentum and augmentation; `settings` as "path=value" go over it.
  Config config(const std::string& folder, const std::vector<std::string>& settings = {}) const {
    Config config = Config::parse(R"(
        data { batch_size: 20 evaluation_batch_size: 16
               transform { crop {} } transform { flip {} } transform { normalize {} } }
        model { resnet_cifar { depth: 8 width: 2 } }
        optimizer { learning_rate: 0.05 schedule { cosine {} } }
        train { epochs: 2 }
        compute { precision: FP32 threads: 1 })", Format::text, "small");
    config.experiment().mutable_data()->mutable_cifar10()->set_path(data().string());
    if (!folder.empty()) config.experiment().mutable_output()->set_folder((scratch_ / folder).string());
    for (const std::string& setting : settings) {
      const size_t equals = setting.find('=');
      config.set(setting.substr(0, equals), setting.substr(equals + 1));
    }
    return config;
  }

 private:
  Scratch scratch_;
};

// A model that takes a millisecond a step.
inline const std::vector<std::string> fast{"model.mlp={ hidden: 4 }"};

inline std::vector<std::string> with(std::vector<std::string> settings, const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

inline RunEnd run_to_the_end(const Config& config) { return Trainer(config).run({}); }

// Runs until `steps` steps are done, and is told to stop then.
inline void run_until(Trainer& trainer, int64_t steps) {
  EXPECT_EQ(trainer.run([&] { return trainer.progress().step >= steps; }), RunEnd::cancelled);
  EXPECT_EQ(trainer.progress().step, steps);
}

inline std::vector<std::string> checkpoints(const fs::path& run) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("checkpoint-", 0) == 0) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The lines of metrics.jsonl, each of which must be an object.
inline std::vector<json> metrics(const fs::path& run, const std::string& event = {}) {
  std::vector<json> found;
  std::istringstream lines(slurp(run / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    json object = json::parse(line, nullptr, false);
    EXPECT_TRUE(object.is_object()) << line;
    if (object.is_object() && (event.empty() || object["event"] == event)) found.push_back(std::move(object));
  }
  return found;
}

inline std::string log_of(const fs::path& run) {
  std::string text;
  for (const json& line : metrics(run, "log")) text += line["text"].get<std::string>() + "\n";
  return text;
}

// What a finished run leaves, byte for byte.
inline void expect_same_end(const fs::path& run, const fs::path& expected, const std::string& last) {
  const std::string model = slurp(expected / "model.safetensors"), state = slurp(expected / last);
  EXPECT_FALSE(model.empty());
  EXPECT_FALSE(state.empty());
  EXPECT_TRUE(slurp(run / "model.safetensors") == model) << run << ": other weights";
  EXPECT_TRUE(slurp(run / last) == state) << run << ": another " << last;
}

}  // namespace signsym
