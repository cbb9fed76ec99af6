// A run folder as a report sees it: docs/run-folder.md, format 1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace driver {

// A number that the folder does not have is NaN.
struct Progress {
  double epochs_done, seconds, loss;
};

struct LayerAlignment {
  std::string layer;
  double angle;       // degrees between B and W
  double norm_ratio;  // ‖B‖/‖W‖
};

struct Evaluation {
  int64_t epoch;
  double seconds, loss, top1;  // top1 in percent
  int64_t samples;
  std::vector<LayerAlignment> alignment;
};

struct TrainedEpoch {
  int64_t epoch;
  double loss, step_seconds;
};

struct RunLayer {
  std::string name, rule;
};

// The machine and the form of the computation, as lines of name and value in the order in which they are shown.
using Environment = std::vector<std::pair<std::string, std::string>>;

struct Run {
  std::filesystem::path folder;
  std::string name;
  uint64_t seed = 0;
  std::string data, held_out_kind;  // "cifar10", "test"
  int64_t train_samples = 0, held_out_samples = 0, classes = 0;
  std::string model;
  int64_t parameters = 0;
  int64_t epochs = 0, batch_size = 0;
  std::vector<RunLayer> layers;           // in the model's order
  std::vector<Environment> environments;  // more than one if the run was resumed elsewhere

  std::vector<Progress> progress;
  std::vector<Evaluation> evaluations;
  std::vector<TrainedEpoch> trained;

  std::string status;  // of the `end` line; empty: still going, or cut off
  std::string reason;  // its text
  std::string config;  // config.textproto
};

// Lines that a resumed run did again are left out, and so is a torn line where a run was cut off. A folder that holds
// no run, or one of another format, is a Failure that names it.
Run read_run(const std::filesystem::path& folder);

}  // namespace driver
