// What the world sees of a run: events to a listener, and lines in the run folder's metrics.jsonl.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "train/checkpoint.h"
#include "train/evaluation.h"
#include "train/event.h"
#include "train/run_folder.h"

namespace signsym {

class Reporter {
 public:
  void listen(EventListener listener) { listener_ = std::move(listener); }
  // At most so many step events a second; 0: all.
  void limit_step_events(double a_second) { least_interval_ = a_second > 0 ? 1 / a_second : 0; }
  // `folder`: nullptr, or where lines are written; it must outlive the reporter.
  void set_scale(RunFolder* folder, int64_t epochs, int64_t steps_per_epoch);
  // Told by log events when the run starts.
  void note(const std::string& text) { notes_.push_back(text); }

  // Seconds that earlier parts of the run took.
  void set_seconds_before(double seconds) { seconds_before_ = seconds; }
  double seconds() const;

  void start(const Progress& progress, const std::string& details);
  void begin_epoch(double waited);  // seconds that the loader has waited in all
  void step(const Progress& progress, double loss, int64_t samples, double learning_rate, double seconds);
  // epoch 0: before the first step, with the angles alone.
  void evaluation(const Progress& progress, int64_t epoch, const Evaluation& result,
                  std::vector<LayerAlignment> alignment);
  // The epoch's training, as it is told once the evaluation is done.
  Event epoch(const Progress& progress, double learning_rate, double waited) const;
  void epoch_done(Event epoch);
  void checkpoint(const Progress& progress, const std::filesystem::path& file);
  void end(const Progress& progress, const std::string& status, const std::string& reason);

  // A listener said so in this run.
  bool stop_requested() const { return stop_requested_; }
  double samples_per_second() const { return meter_.rate; }

 private:
  using Clock = std::chrono::steady_clock;
  // Of the epoch that goes on.
  struct Meter {
    std::vector<double> step_seconds;
    double waited_before = 0;
    int64_t epoch_samples = 0;
    double rate = 0;      // samples a second, lately
    double loss_sum = 0;  // since the last progress line, over samples
    int64_t samples = 0;
  };

  Event event(EventKind kind, const Progress& progress) const;
  void tell(const Event& event);
  void record(const Event& event);

  RunFolder* folder_ = nullptr;
  int64_t epochs_ = 0, steps_per_epoch_ = 0;
  EventListener listener_;
  double least_interval_ = 0;  // seconds between step events
  std::optional<Clock::time_point> last_step_event_;
  std::vector<std::string> notes_;
  bool stop_requested_ = false;
  double seconds_before_ = 0;
  Clock::time_point started_ = Clock::now();
  Meter meter_;
};

}  // namespace signsym
