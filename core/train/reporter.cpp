#include "train/reporter.h"

#include <algorithm>
#include <utility>

namespace signsym {
namespace {

double median(std::vector<double> values) {
  if (values.empty()) return NAN;
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void Reporter::set_scale(RunFolder* folder, int64_t epochs, int64_t steps_per_epoch) {
  folder_ = folder;
  epochs_ = epochs;
  steps_per_epoch_ = steps_per_epoch;
}

double Reporter::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - started_).count();
}

Event Reporter::event(EventKind kind, const Progress& progress) const {
  Event e;
  e.kind = kind;
  e.epoch = progress.epoch + 1;
  e.epochs = epochs_;
  e.step = progress.step;
  e.step_in_epoch = progress.batch;
  e.steps_per_epoch = steps_per_epoch_;
  e.seconds = seconds();
  return e;
}

void Reporter::tell(const Event& event) {
  if (listener_ && !listener_(event)) stop_requested_ = true;
}

void Reporter::record(const Event& event) {
  if (folder_) folder_->append_metrics(to_json(event));
}

void Reporter::start(const Progress& progress, const std::string& details) {
  started_ = Clock::now();
  stop_requested_ = false;
  Event e = event(EventKind::start, progress);
  e.details = details;
  record(e);
  tell(e);
  for (const std::string& note : std::exchange(notes_, {})) {
    Event log = event(EventKind::log, progress);
    log.text = note;
    record(log);
    tell(log);
  }
}

void Reporter::begin_epoch(double waited) {
  meter_ = {};
  meter_.waited_before = waited;
}

void Reporter::step(const Progress& progress, double loss, int64_t samples, double learning_rate, double seconds) {
  meter_.step_seconds.push_back(seconds);
  meter_.rate = meter_.rate > 0 ? 0.9 * meter_.rate + 0.1 * samples / seconds : samples / seconds;
  meter_.epoch_samples += samples;
  meter_.loss_sum += loss * samples;
  meter_.samples += samples;

  const Clock::time_point now = Clock::now();
  if (listener_ && (!last_step_event_ ||
                    std::chrono::duration<double>(now - *last_step_event_).count() >= least_interval_)) {
    last_step_event_ = now;
    Event e = event(EventKind::step, progress);
    e.loss = loss;
    e.train_top1 = e.top1 = percent(progress.correct, progress.samples);
    e.learning_rate = learning_rate;
    e.samples_per_second = meter_.rate;
    tell(e);
  }
  // About ten lines an epoch.
  if (folder_ && progress.batch * 10 / steps_per_epoch_ != (progress.batch - 1) * 10 / steps_per_epoch_) {
    Event line = event(EventKind::progress, progress);
    line.loss = meter_.loss_sum / meter_.samples;
    line.learning_rate = learning_rate;
    meter_.loss_sum = 0;
    meter_.samples = 0;
    record(line);
  }
}

void Reporter::evaluation(const Progress& progress, int64_t epoch, const Evaluation& result,
                          std::vector<LayerAlignment> alignment) {
  Event e = event(EventKind::evaluation, progress);
  e.epoch = epoch;
  e.loss = result.loss;
  e.top1 = result.top1;
  e.top5 = result.top5;
  e.samples = result.samples;
  e.alignment = std::move(alignment);
  record(e);
  tell(e);
}

Event Reporter::epoch(const Progress& progress, double learning_rate, double waited) const {
  Event e = event(EventKind::epoch, progress);
  e.loss = progress.samples > 0 ? progress.loss_sum / progress.samples : NAN;
  e.train_top1 = percent(progress.correct, progress.samples);
  e.learning_rate = learning_rate;
  e.step_seconds = median(meter_.step_seconds);
  double busy = 0;
  for (const double seconds : meter_.step_seconds) busy += seconds;
  e.samples_per_second = busy > 0 ? meter_.epoch_samples / busy : NAN;
  e.data_wait_seconds = waited - meter_.waited_before;
  return e;
}

void Reporter::epoch_done(Event epoch) {
  epoch.seconds = seconds();
  record(epoch);
  tell(epoch);
}

void Reporter::checkpoint(const Progress& progress, const std::filesystem::path& file) {
  Event e = event(EventKind::checkpoint, progress);
  e.text = file.filename().string();
  record(e);
  e.text = file.string();
  tell(e);
}

void Reporter::end(const Progress& progress, const std::string& status, const std::string& reason) {
  Event e = event(EventKind::end, progress);
  e.status = status;
  e.text = reason;
  record(e);
  tell(e);
  seconds_before_ = e.seconds;
}

}  // namespace signsym
