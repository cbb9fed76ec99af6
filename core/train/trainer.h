// A run: data, model and learner from a config, one loop over epochs, and the run folder.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "config/config.h"
#include "data/loader.h"
#include "optim/schedule.h"
#include "train/learner.h"
#include "train/metrics.h"
#include "train/network.h"
#include "train/reporter.h"
#include "train/run_folder.h"

namespace signsym {

// paused: told to, or the limit was reached; stopped: by the listener.
enum class RunEnd { finished, cancelled, paused, stopped };

// Of one call of run(); 0: none.
struct RunLimit {
  int64_t epochs = 0;
  int64_t steps = 0;
};

// What an application brings in place of the config's own; each may be null.
struct TrainerParts {
  std::shared_ptr<Network> network;             // trained in place; its model and feedback stand for the config's
  std::shared_ptr<const Dataset> training, held_out;  // for data { host {} }
};

class Trainer {
 public:
  // Checks and completes the config, opens the data, makes the model, and the run folder if one is named. Errors: busy
  // where another trainer has the network, mismatch where data and model do not fit.
  explicit Trainer(const Config& config, TrainerParts parts = {});
  // Goes on with a run folder at its newest whole checkpoint; damaged ones are passed over, with a log event.
  // `config`: nullptr, or the run's config with other places (paths); another difference is invalid_config.
  static std::unique_ptr<Trainer> resume(const std::filesystem::path& folder, const Config* config,
                                         TrainerParts parts = {});

  Reporter& reporter() { return reporter_; }

  // Trains to the end of the config or the limit, or until cancelled() is true or the listener says stop: then a
  // checkpoint is written. Another call goes on. Errors: diverged, io, …; what was written before stays, and the state is
  // that after the last whole step.
  RunEnd run(const CancelCheck& cancelled, RunLimit limit = {});
  // The run that goes on ends after its step. Any thread.
  void pause() { pause_ = true; }

  // One step on the application's samples, through the training transforms; epochs do not count on.
  StepResult step(const Dataset& batch);
  // The model on the held-out part. Errors: invalid_argument where there is none; cancelled.
  Evaluation evaluate(const CancelCheck& cancelled = {});

  // Any thread: of the last whole step.
  Metrics metrics() const;
  // In place of the schedule's from the next step on; NaN: the schedule's again. Any thread.
  void set_learning_rate(double rate);

  std::string checkpoint() const;
  void save_checkpoint(const std::filesystem::path& path) const;
  // Puts a checkpoint's state in. Errors: bad_data, mismatch (another config, model or size of data set); then nothing has
  // changed.
  void restore(std::string bytes, const std::string& source);

  const std::shared_ptr<Network>& network() const { return network_; }
  Learner& learner() { return *learner_; }
  // As the run uses it: defaults written out, AUTO decided.
  const Config& config() const { return config_; }
  const Progress& progress() const { return progress_; }

 private:
  Trainer() = default;
  void build(const Config& config, TrainerParts parts);
  void open_data(const TrainerParts& parts);
  std::unique_ptr<Loader> make_loader(const std::shared_ptr<const Dataset>& set, bool training) const;
  void restore_newest();
  void restore(const Checkpoint& checkpoint, const std::string& source);
  void check_position(const Progress& progress, const std::string& source) const;

  bool at_last_step(const Progress& progress) const;
  bool finished(const Progress& progress) const;
  int64_t steps_per_epoch() const { return loader_ ? loader_->batches_per_epoch() : 0; }
  int64_t total_steps() const;
  double learning_rate_at(int64_t step) const;

  RunEnd train(const CancelCheck& cancelled, RunLimit limit);
  std::optional<RunEnd> train_epoch(const CancelCheck& cancelled, int64_t last_step);
  StepResult step(const Tensor& x, const Tensor& labels);
  // Computes; where that diverges, the error says when (epoch and step, 1 the first) and what is left.
  template <typename F>
  void at_step(int64_t epoch, int64_t step, F compute) const;
  std::string last_good_state() const;
  void finish_epoch(const CancelCheck& cancelled);
  std::vector<LayerAlignment> alignment() const;
  CheckpointHeader header() const;
  // Into the run folder, where there is one.
  void save_checkpoint();
  void save_what_is_done();
  // Lets other threads see where the run stands.
  void publish();

  Config config_;
  std::shared_ptr<Network> network_;
  std::optional<Network::Lease> lease_;
  std::shared_ptr<const Dataset> training_set_, held_out_set_;
  std::unique_ptr<Loader> loader_, evaluation_loader_;  // null without the set
  std::unique_ptr<Learner> learner_;
  Schedule schedule_;
  Progress progress_;
  bool saved_ = false;  // in the run folder, as it stands
  double step_loss_ = NAN;
  std::optional<RunFolder> folder_;
  Reporter reporter_;
  std::atomic<bool> pause_{false};

  mutable std::mutex mutex_;  // guards what other threads see or set
  Metrics metrics_;
  double set_rate_ = NAN;  // by set_learning_rate; NaN: the schedule's
};

}  // namespace signsym
