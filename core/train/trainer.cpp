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

RunEnd Trainer::run(const CancelCheck& cancelled, RunLimit limit) {
  if (!loader_)
    throw Error(Status::invalid_argument, "the trainer has no data set to run on: give one when it is made "
                                          "(signsym_trainer_create_with), or make single steps (signsym_trainer_step)");
  for (const Loader* loader : {loader_.get(), evaluation_loader_.get()})
    if (loader) loader->refuse_own_threads();
  const ProcessSettings settings(config_.experiment().compute());
  pause_ = false;  // a pause is of a run that goes on; from here on it does
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
  // The angles of the initial weights; an accuracy by chance is not worth the time before the first step.
  if (progress_.step == 0 && config_.experiment().train().measure_alignment())
    reporter_.evaluation(progress_, 0, {}, alignment());
  while (!finished(progress_)) {
    if (progress_.epoch >= last_epoch) return RunEnd::paused;
    std::optional<RunEnd> interrupted;
    try {
      interrupted = train_epoch(cancelled, last_step);
      if (!interrupted) finish_epoch(cancelled);
    } catch (const Error& error) {
      if (error.status() == Status::callback_failed) save_what_is_done();
      if (error.status() != Status::cancelled) throw;
      interrupted = RunEnd::cancelled;  // in an evaluation; or in the midst of a step: the process ends
    }
    if (!interrupted) continue;
    if (*interrupted != RunEnd::paused) save_checkpoint();
    return *interrupted;
  }
  if (!saved_) save_checkpoint();  // also where it failed before
  if (folder_) network_->save_weights(folder_->model_file());
  return RunEnd::finished;
}

// To the epoch's end, or the last step that the config allows: nothing. Else why not.
std::optional<RunEnd> Trainer::train_epoch(const CancelCheck& cancelled, int64_t last_step) {
  using Clock = std::chrono::steady_clock;
  const v1::Output& output = config_.experiment().output();
  reporter_.begin_epoch(loader_->seconds_waited());
  loader_->start(progress_.epoch, progress_.batch, cancelled);
  for (;;) {
    if (reporter_.stop_requested()) return RunEnd::stopped;
    if (cancelled && cancelled()) return RunEnd::cancelled;
    if (progress_.batch >= steps_per_epoch() || at_last_step(progress_)) return {};
    if (pause_.exchange(false) || progress_.step >= last_step) return RunEnd::paused;

    const Clock::time_point begin = Clock::now();
    const Batch* batch = loader_->next(cancelled);
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
  }
}

// For a message.
std::string Trainer::last_good_state() const {
  std::vector<int64_t> saved;
  try {
    if (folder_) saved = folder_->checkpoints();
  } catch (const Error&) {
    // The message is of something worse.
  }
  while (!saved.empty() && saved.back() > progress_.step) saved.pop_back();  // of a line that was given up
  return saved.empty() ? "" : "; the last good state is in " + folder_->checkpoint_file(saved.back()).string();
}

template <typename F>
void Trainer::at_step(int64_t epoch, int64_t step, F compute) const {
  try {
    compute();
  } catch (const Error& error) {
    if (error.status() != Status::diverged) throw;
    char rate[32];
    std::snprintf(rate, sizeof rate, "%g", learning_rate_at(step - 1));
    throw Error(Status::diverged,
                "epoch " + std::to_string(epoch) + ", step " + std::to_string(step) + ", learning rate " +
                    rate + ": " + error.what() + last_good_state() +
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
  saved_ = false;
  step_loss_ = result.loss;
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

// Where it fails or is cancelled, the run stands at the end of its last step, and another one begins here.
void Trainer::finish_epoch(const CancelCheck& cancelled) {
  const v1::Experiment& e = config_.experiment();
  Event told = reporter_.epoch(progress_, progress_.step > 0 ? learning_rate_at(progress_.step - 1) : NAN,
                               loader_->seconds_waited());
  Progress next = progress_;
  ++next.epoch;
  next.batch = 0;
  next.loss_sum = 0;
  next.correct = next.samples = 0;
  const bool last = finished(next);
  bool improved = false;
  if (held_out_set_ && (last || next.epoch % e.train().evaluate_every_epochs() == 0)) {
    Evaluation evaluation;
    at_step(next.epoch, next.step, [&] { evaluation = evaluate(cancelled); });
    reporter_.evaluation(progress_, next.epoch, evaluation, alignment());
    told.top1 = evaluation.top1;
    told.top5 = evaluation.top5;
    improved = evaluation.top1 > next.best_top1;
    if (improved) {
      next.best_top1 = evaluation.top1;
      next.best_step = next.step;
    }
  }
  reporter_.epoch_done(told);
  progress_ = next;
  saved_ = false;
  publish();
  if (!last && (next.epoch % e.output().checkpoint_every_epochs() == 0 || (improved && e.output().keep_best())))
    save_checkpoint();
}

Evaluation Trainer::evaluate(const CancelCheck& cancelled) {
  if (!held_out_set_)
    throw Error(Status::invalid_argument, "the trainer has no held-out part: give a data set for it when it is made, or "
                                          "set data.held_out to VALIDATION");
  const ProcessSettings settings(config_.experiment().compute());
  const Evaluation result = signsym::evaluate(*network_, learner_->loss(), *held_out_set_, *evaluation_loader_,
                                              layout_of(config_.experiment().compute()), cancelled);
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
  saved_ = true;
  folder_->prune(progress_.step, output.keep_last(), output.keep_best() ? progress_.best_step : -1);
  reporter_.checkpoint(progress_, file);
}

// Where the data gave out: that error is the one to tell.
void Trainer::save_what_is_done() {
  if (saved_ || forked()) return;
  try {
    save_checkpoint();
  } catch (const std::exception&) {
  }
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

bool Trainer::at_last_step(const Progress& p) const {
  const v1::Train& train = config_.experiment().train();
  return train.has_max_steps() && p.step >= train.max_steps();
}

// The epoch of the last step is told as well.
bool Trainer::finished(const Progress& p) const {
  return p.epoch >= config_.experiment().train().epochs() || (at_last_step(p) && p.batch == 0);
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
  const bool done = finished(progress_);
  const std::lock_guard<std::mutex> lock(mutex_);
  metrics_.finished = done;
  metrics_.progress = progress_;
  metrics_.steps_per_epoch = steps_per_epoch();
  metrics_.learning_rate = rate;
  metrics_.step_loss = step_loss_;
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
