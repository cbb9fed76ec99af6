// A run: data, model and learner from a config, one loop over epochs, events, and the run folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "data/loader.h"
#include "optim/schedule.h"
#include "train/checkpoint.h"
#include "train/event.h"
#include "train/learner.h"
#include "train/run_folder.h"

namespace signsym {

struct Evaluation {
  double loss = NAN;  // mean over samples
  double top1 = NAN;  // percent
  double top5 = NAN;  // percent; NaN below 6 classes
  int64_t samples = 0;
};

// Asked before each step; empty: never.
using CancelCheck = std::function<bool()>;

enum class RunEnd { finished, cancelled, stopped };  // stopped: by the listener

class Trainer {
 public:
  // Checks and completes the config, opens the data, makes the model, and the run folder if one is named.
  explicit Trainer(const Config& config);
  // Goes on with a run folder at its newest whole checkpoint; damaged ones are passed over, with a log event.
  // `config`: nullptr, or the run's config with other places (paths); another difference is invalid_config.
  static std::unique_ptr<Trainer> resume(const std::filesystem::path& folder, const Config* config);

  void on_event(EventListener listener) { listener_ = std::move(listener); }

  // Trains to the end of the config, or until cancelled() is true or the listener says stop: then a checkpoint is written
  // and another call goes on. Errors: diverged, io, …; what was written before stays.
  RunEnd run(const CancelCheck& cancelled);

  // The model on the held-out part.
  Evaluation evaluate();

  Learner& learner() { return *learner_; }
  // As the run uses it: defaults written out, AUTO decided.
  const Config& config() const { return config_; }
  const Progress& progress() const { return progress_; }

 private:
  using Clock = std::chrono::steady_clock;
  // Times of the epoch that goes on.
  struct Meter {
    std::vector<double> step_seconds;
    double waited_before = 0;
    int64_t epoch_samples = 0;
    double rate = 0;  // samples a second, lately
    double last_loss = NAN;
    double loss_sum = 0;  // since the last progress line, over samples
    int64_t samples = 0;
  };

  Trainer() = default;
  void build(const Config& config);
  void open_data();
  void restore_newest();

  bool finished() const;
  int64_t total_steps() const;
  double learning_rate_at(int64_t step) const;
  bool told_to_stop(const CancelCheck& cancelled) const;

  RunEnd train(const CancelCheck& cancelled);
  bool train_epoch(const CancelCheck& cancelled);
  void step(const Batch& batch);
  // Computes; where that diverges, the error says at which step (1 the first) and what is left.
  template <typename F>
  void at_step(int64_t step, F compute);
  void finish_epoch();
  void report_evaluation(int64_t epoch, const Evaluation& result);
  void save_checkpoint();

  Event event(EventKind kind) const;
  void tell(const Event& event);
  void record(const Event& event);
  void report_start();
  void report_step();
  void report_end(const std::string& status, const std::string& reason);

  Config config_;
  std::shared_ptr<const Dataset> training_set_, held_out_set_;
  std::unique_ptr<Loader> loader_, evaluation_loader_;
  std::unique_ptr<Learner> learner_;
  Schedule schedule_;
  Progress progress_;
  std::optional<RunFolder> folder_;
  EventListener listener_;
  std::vector<std::string> notes_;  // told by log events when the run starts
  bool stop_requested_ = false;
  double seconds_before_ = 0;  // of the run's earlier parts
  Clock::time_point started_ = Clock::now();
  Meter meter_;
};

}  // namespace signsym
