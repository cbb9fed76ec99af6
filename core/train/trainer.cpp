#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>

#include "base/error.h"
#include "base/process.h"
#include "train/alignment.h"
#include "train/batch.h"
#include "train/describe.h"
#include "train/factory.h"
#include "train/process_settings.h"

namespace signsym {

namespace fs = std::filesystem;

namespace {

// What is frozen in the model that was given stays so.
void freeze_as_well(v1::Optimizer& config, const v1::Optimizer& model) {
  std::vector<std::string> patterns(model.freeze().begin(), model.freeze().end());
  for (const std::string& pattern : config.freeze())
    if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) patterns.push_back(pattern);
  *config.mutable_freeze() = {patterns.begin(), patterns.end()};
}

}  // namespace

// ---- from a config ----

Trainer::Trainer(const Config& config, TrainerParts parts) {
  build(config, std::move(parts));
  const std::string& folder = config_.experiment().output().folder();
  if (!folder.empty()) folder_ = RunFolder::create(folder, config_.write(Format::text));
  reporter_.set_scale(folder_ ? &*folder_ : nullptr, config_.experiment().train().epochs(), steps_per_epoch());
  publish();
  lease_->keep(config_);
}

std::unique_ptr<Trainer> Trainer::resume(const fs::path& folder, const Config* given, TrainerParts parts) {
  std::unique_ptr<Trainer> trainer(new Trainer);
  trainer->folder_ = RunFolder::open(folder);
  const Config recorded = Config::read(RunFolder::config_file(folder).string());
  Config config = given ? *given : recorded;
  config.experiment().mutable_output()->set_folder(folder.string());
  trainer->build(config, std::move(parts));
  if (trainer->config_.hash() != recorded.hash())  // as completed, so that the config that the run began with is its own
    throw Error(Status::invalid_config,
                folder.string() + ": the config given differs from the run's in more than places (paths); a run goes on "
                                  "as it began: train into another folder instead");
  trainer->reporter_.set_scale(&*trainer->folder_, config.experiment().train().epochs(), trainer->steps_per_epoch());
  trainer->restore_newest();
  trainer->publish();
  trainer->lease_->keep(trainer->config_);
  return trainer;
}

void Trainer::build(const Config& config, TrainerParts parts) {
  config_ = config.resolved();
  v1::Experiment& e = config_.experiment();
  if (parts.network) {
    const Config taken = parts.network->config();
    *e.mutable_model() = taken.experiment().model();
    *e.mutable_feedback() = taken.experiment().feedback();
    freeze_as_well(*e.mutable_optimizer(), taken.experiment().optimizer());
  }
  locating_errors(config_, [&] {
    open_data(parts);
    complete(e, training_set_.get());
    network_ = parts.network ? parts.network : Network::create(config_, training_set_.get());
    lease_.emplace(network_);
    lease_->freeze(e.optimizer());
    for (const Dataset* set : {training_set_.get(), held_out_set_.get()})
      if (set) network_->check_fit(*set);

    auto optimizer = make_optimizer(e.optimizer(), network_->model());
    learner_ = std::make_unique<Learner>(network_->shared_model(), std::move(optimizer), make_loss(e.loss()));
    schedule_ = make_schedule(e.optimizer().schedule());
    if (training_set_) loader_ = make_loader(training_set_, true);
    if (held_out_set_) evaluation_loader_ = make_loader(held_out_set_, false);
  });
}

void Trainer::open_data(const TrainerParts& parts) {
  const v1::Experiment& e = config_.experiment();
  if (!e.data().has_host()) {
    if (parts.training || parts.held_out)
      throw Error(Status::invalid_argument,
                  "a data set was given, but the config names one itself: set data { host {} } in the config");
    DataParts opened = open_parts(e.data(), e.seed());
    training_set_ = std::move(opened.training);
    held_out_set_ = std::move(opened.held_out);
    return;
  }
  training_set_ = parts.training;
  held_out_set_ = parts.held_out;
  if (e.data().held_out() == v1::VALIDATION && training_set_ && !held_out_set_) {
    DataParts parts = split_parts(std::move(training_set_), e.data(), e.seed());
    training_set_ = std::move(parts.training);
    held_out_set_ = std::move(parts.held_out);
  }
}

std::unique_ptr<Loader> Trainer::make_loader(const std::shared_ptr<const Dataset>& set, bool training) const {
  const v1::Experiment& e = config_.experiment();
  LoaderOptions load;
  load.batch_size = training ? e.data().batch_size() : e.data().evaluation_batch_size();
  load.threads = e.data().loader_threads();
  load.prefetch = e.data().prefetch();
  load.seed = e.seed();
  load.shuffle = training;
  load.drop_last = training && e.data().drop_last();
  load.layout = layout_of(e.compute());
  return std::make_unique<Loader>(
      set, Pipeline(make_transforms(e.data()), set->shape(), set->pixel_type(), training), load);
}

void Trainer::restore_newest() {
  std::vector<int64_t> steps = folder_->checkpoints();
  std::reverse(steps.begin(), steps.end());
  std::string damage;  // of the newest
  for (const int64_t step : steps) {
    const fs::path file = folder_->checkpoint_file(step);
    try {
      restore(read_checkpoint(file), file.string());
      reporter_.set_seconds_before(folder_->seconds_at(progress_.step));
      return;
    } catch (const Error& error) {
      if (error.status() != Status::bad_data) throw;
      if (damage.empty()) damage = error.what();
      reporter_.note(std::string(error.what()) + "; the one before it is used");
    }
  }
  if (!steps.empty())
    throw Error(Status::bad_data, folder_->path().string() + ": none of its " + std::to_string(steps.size()) +
                                      " checkpoints is whole (" + damage + "); remove them to begin again");
  // The run ended before its first checkpoint: it begins again.
}

void Trainer::restore(const Checkpoint& checkpoint, const std::string& source) {
  if (checkpoint.header.config_hash != config_.hash()) {
    check_fit(*learner_, checkpoint, source);  // a tensor that differs says more
    throw Error(Status::mismatch, source + ": it was saved under another config than this trainer's" +
                                      (folder_ ? " (" + RunFolder::config_file(folder_->path()).string() + ")" : "") +
                                      "; use the config that its run began with");
  }
  check_position(checkpoint.header.progress, source);
  const auto writing = network_->gate().write();
  signsym::restore(*learner_, checkpoint, source);
  progress_ = checkpoint.header.progress;
  const std::lock_guard<std::mutex> lock(mutex_);
  set_rate_ = progress_.learning_rate;
}

// Its config is this trainer's; the data set that a host gives need not be that of the run.
void Trainer::check_position(const Progress& p, const std::string& source) const {
  const auto check = [&](const char* field, int64_t found, int64_t most, Status status, const char* expected) {
    if (found > most)
      throw Error(status, source + ": " + field + " " + std::to_string(found) + " in its header: 0 to " +
                              std::to_string(most) + " is expected, " + expected);
  };
  check("epoch", p.epoch, config_.experiment().train().epochs(), Status::bad_data,
        "the epochs of its config; the file is damaged");
  if (!loader_) return;
  constexpr const char* of_data = "what an epoch of this data set has; give the data set that its run was on";
  check("batch", p.batch, steps_per_epoch(), Status::mismatch, of_data);
  check("samples", p.samples, training_set_->size(), Status::mismatch, of_data);
}

void Trainer::restore(std::string bytes, const std::string& source) {
  restore(parse_checkpoint(std::move(bytes), source), source);
  publish();
}

// ---- the run ----

RunEnd Trainer::run(const CancelCheck& cancelled, RunLimit limit) {
  if (!loader_)
    throw Error(Status::invalid_argument, "the trainer has no data set to run on: give one when it is made "
                                          "(signsym_trainer_create_with), or make single steps (signsym_trainer_step)");
  const ProcessSettings settings(config_.experiment().compute());
  try {
    reporter_.start(progress_, describe_run(config_, *learner_,
                                            {training_set_->size(), held_out_set_ ? held_out_set_->size() : 0,
                                             training_set_->classes(), steps_per_epoch()}));
    const RunEnd how = train(cancelled, limit);
    reporter_.end(progress_, how == RunEnd::finished ? "finished" : how == RunEnd::paused ? "paused" : "cancelled", "");
    return how;
  } catch (const std::exception& error) {
    if (forked()) throw;  // the run folder is the other process's
    const auto* known = dynamic_cast<const Error*>(&error);
    try {
      reporter_.end(progress_, known && known->status() == Status::diverged ? "diverged" : "failed", error.what());
    } catch (const std::exception&) {
      // The first error is the one to tell.
    }
    throw;
  }
}

RunEnd Trainer::train(const CancelCheck& cancelled, RunLimit limit) {
  constexpr int64_t none = std::numeric_limits<int64_t>::max();
  const auto last = [](int64_t done, int64_t more) { return more > 0 && more <= none - done ? done + more : none; };
  const int64_t last_epoch = last(progress_.epoch, limit.epochs), last_step = last(progress_.step, limit.steps);
  pause_ = false;
  // The angles of the initial weights; an accuracy by chance is not worth the time before the first step.
  if (progress_.step == 0 && config_.experiment().train().measure_alignment())
    reporter_.evaluation(progress_, 0, {}, alignment());
  while (!finished()) {
    if (progress_.epoch >= last_epoch) return RunEnd::paused;
    std::optional<RunEnd> interrupted;
    try {
      interrupted = train_epoch(cancelled, last_step);
      if (!interrupted) finish_epoch();
    } catch (const Error& error) {
      if (error.status() != Status::cancelled) throw;
      interrupted = RunEnd::cancelled;  // in the midst of a step or an evaluation: the process ends
    }
    if (!interrupted) continue;
    if (*interrupted != RunEnd::paused) save_checkpoint();
    return *interrupted;
  }
  if (folder_) write_weights(folder_->model_file(), network_->model());
  return RunEnd::finished;
}

// To the epoch's end, or the last step that the config allows: nothing. Else why not.
std::optional<RunEnd> Trainer::train_epoch(const CancelCheck& cancelled, int64_t last_step) {
  using Clock = std::chrono::steady_clock;
  const v1::Output& output = config_.experiment().output();
  reporter_.begin_epoch(loader_->seconds_waited());
  loader_->start(progress_.epoch, progress_.batch);
  for (;;) {
    if (reporter_.stop_requested()) return RunEnd::stopped;
    if (cancelled && cancelled()) return RunEnd::cancelled;
    const bool whole = progress_.batch >= steps_per_epoch();
    if (!whole && (pause_.exchange(false) || progress_.step >= last_step)) return RunEnd::paused;

    const Clock::time_point begin = Clock::now();
    const Batch* batch = loader_->next();
    if (!batch) return {};
    const double rate = learning_rate_at(progress_.step);
    const StepResult result = step(pixels_of(*batch, training_set_->shape(), layout_of(config_.experiment().compute())),
                                   labels_of(*batch));
    progress_.loss_sum += result.loss * batch->size;
    progress_.correct += result.correct;
    progress_.samples += batch->size;
    ++progress_.batch;
    publish();
    reporter_.step(progress_, result.loss, batch->size, rate,
                   std::chrono::duration<double>(Clock::now() - begin).count());
    if (output.has_checkpoint_every_steps() && progress_.step % output.checkpoint_every_steps() == 0) save_checkpoint();
    if (finished()) return {};
  }
}

template <typename F>
void Trainer::at_step(int64_t epoch, int64_t step, F compute) const {
  try {
    compute();
  } catch (const Error& error) {
    if (error.status() != Status::diverged) throw;
    char rate[32];
    std::snprintf(rate, sizeof rate, "%g", learning_rate_at(step - 1));
    const std::vector<int64_t> saved = folder_ ? folder_->checkpoints() : std::vector<int64_t>{};
    throw Error(Status::diverged,
                "epoch " + std::to_string(epoch) + ", step " + std::to_string(step) + ", learning rate " +
                    rate + ": " + error.what() +
                    (saved.empty() ? "" : "; the last good state is in " + folder_->checkpoint_file(saved.back()).string()) +
                    ". Try a lower optimizer.learning_rate, a warm-up or optimizer.clip_norm");
  }
}

StepResult Trainer::step(const Tensor& x, const Tensor& labels) {
  StepResult result;
  {
    const auto writing = network_->gate().write();
    at_step(progress_.epoch + 1, progress_.step + 1, [&] {
      result = learner_->step(x, labels, static_cast<uint32_t>(progress_.step), learning_rate_at(progress_.step));
    });
  }
  ++progress_.step;
  const std::lock_guard<std::mutex> lock(mutex_);
  metrics_.step_loss = result.loss;
  return result;
}

StepResult Trainer::step(const Dataset& batch) {
  const ProcessSettings settings(config_.experiment().compute());
  const v1::Experiment& e = config_.experiment();
  network_->check_fit(batch);
  if (!loader_ && std::isnan(learning_rate_at(progress_.step)))
    throw Error(Status::invalid_argument, "optimizer.schedule: a trainer without a data set has no epochs: set the "
                                          "constant schedule, or a rate by signsym_trainer_set_learning_rate",
                "optimizer.schedule");
  const Pipeline pipeline(make_transforms(e.data()), batch.shape(), batch.pixel_type(), /*training=*/true);
  const Tensor x = gather_pixels(batch, 0, batch.size(), pipeline, layout_of(e.compute()), e.seed(), progress_.step);
  const StepResult result = step(x, gather_labels(batch));
  publish();
  return result;
}

void Trainer::finish_epoch() {
  const v1::Experiment& e = config_.experiment();
  Event told = reporter_.epoch(progress_, progress_.step > 0 ? learning_rate_at(progress_.step - 1) : NAN,
                               loader_->seconds_waited());
  ++progress_.epoch;
  const bool last = finished();
  bool improved = false;
  if (held_out_set_ && (last || progress_.epoch % e.train().evaluate_every_epochs() == 0)) {
    Evaluation evaluation;
    try {
      at_step(progress_.epoch, progress_.step, [&] { evaluation = evaluate(); });
    } catch (...) {
      --progress_.epoch;  // another run begins with the evaluation
      throw;
    }
    reporter_.evaluation(progress_, progress_.epoch, evaluation, alignment());
    told.top1 = evaluation.top1;
    told.top5 = evaluation.top5;
    improved = evaluation.top1 > progress_.best_top1;
    if (improved) {
      progress_.best_top1 = evaluation.top1;
      progress_.best_step = progress_.step;
    }
  }
  reporter_.epoch_done(told);
  progress_.batch = 0;
  progress_.loss_sum = 0;
  progress_.correct = progress_.samples = 0;
  publish();
  if (last || progress_.epoch % e.output().checkpoint_every_epochs() == 0 || (improved && e.output().keep_best()))
    save_checkpoint();
}

Evaluation Trainer::evaluate() {
  if (!held_out_set_)
    throw Error(Status::invalid_argument, "the trainer has no held-out part: give a data set for it when it is made, or "
                                          "set data.held_out to VALIDATION");
  const ProcessSettings settings(config_.experiment().compute());
  const Evaluation result = signsym::evaluate(*network_, learner_->loss(), *held_out_set_, *evaluation_loader_,
                                              layout_of(config_.experiment().compute()));
  const std::lock_guard<std::mutex> lock(mutex_);
  metrics_.evaluation = result;
  return result;
}

std::vector<LayerAlignment> Trainer::alignment() const {
  if (!config_.experiment().train().measure_alignment()) return {};
  const auto reading = network_->gate().read();
  return measure_alignment(network_->model());
}

// ---- checkpoints ----

CheckpointHeader Trainer::header() const {
  Config portable = config_;
  portable.experiment() = without_places(config_.experiment());
  Progress progress = progress_;
  const std::lock_guard<std::mutex> lock(mutex_);
  progress.learning_rate = set_rate_;
  return {progress, portable.write(Format::text), config_.hash()};
}

void Trainer::save_checkpoint() {
  if (!folder_) return;
  const v1::Output& output = config_.experiment().output();
  const fs::path file = folder_->checkpoint_file(progress_.step);
  at_step(progress_.epoch + (progress_.batch > 0), progress_.step, [&] { save_checkpoint(file); });
  folder_->prune(output.keep_last(), output.keep_best() ? progress_.best_step : -1);
  reporter_.checkpoint(progress_, file);
}

void Trainer::save_checkpoint(const fs::path& path) const {
  const auto reading = network_->gate().read();
  write_checkpoint(path, *learner_, header());
}

std::string Trainer::checkpoint() const {
  const auto reading = network_->gate().read();
  return encode_checkpoint(*learner_, header());
}

// ---- where the run stands ----

int64_t Trainer::total_steps() const {
  const v1::Train& train = config_.experiment().train();
  int64_t steps = 0;
  if (__builtin_mul_overflow(train.epochs(), steps_per_epoch(), &steps)) steps = std::numeric_limits<int64_t>::max();
  return train.has_max_steps() ? std::min(steps, train.max_steps()) : steps;
}

bool Trainer::finished() const {
  const v1::Train& train = config_.experiment().train();
  return progress_.epoch >= train.epochs() || (train.has_max_steps() && progress_.step >= train.max_steps());
}

// NaN where the schedule counts in epochs and there are none.
double Trainer::learning_rate_at(int64_t step) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!std::isnan(set_rate_)) return set_rate_;
  }
  const double top = config_.experiment().optimizer().learning_rate();
  if (!loader_) {
    const bool constant = std::holds_alternative<ConstantRate>(schedule_.kind) && schedule_.warmup_epochs == 0;
    return constant ? top : NAN;
  }
  return top * schedule_factor(schedule_, step, total_steps(), steps_per_epoch());
}

void Trainer::publish() {
  const double rate = learning_rate_at(progress_.step);
  const bool done = finished();
  const std::lock_guard<std::mutex> lock(mutex_);
  metrics_.finished = done;
  metrics_.progress = progress_;
  metrics_.steps_per_epoch = steps_per_epoch();
  metrics_.learning_rate = rate;
  if (progress_.samples > 0) {
    metrics_.train_loss = progress_.loss_sum / progress_.samples;
    metrics_.train_top1 = percent(progress_.correct, progress_.samples);
  }
  metrics_.samples_per_second = reporter_.samples_per_second();
}

Metrics Trainer::metrics() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return metrics_;
}

void Trainer::set_learning_rate(double rate) {
  const bool to_schedule = std::isnan(rate);
  if (!to_schedule && !(rate > 0 && std::isfinite(rate)))
    throw Error(Status::invalid_argument,
                "rate: " + std::to_string(rate) + " is out of range: a finite number > 0, or NaN for the schedule's");
  int64_t step = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    set_rate_ = rate;
    step = metrics_.progress.step;
  }
  const double next = learning_rate_at(step);
  const std::lock_guard<std::mutex> lock(mutex_);
  metrics_.learning_rate = next;
}

}  // namespace signsym
