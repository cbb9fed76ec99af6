// What is seen of a run: its events as a bar and lines, as plain lines, as JSON, or not at all.
#pragma once

#include <signsym/signsym.h>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "console.h"

namespace driver {

// brief: one bar for the whole run, and one line when it is over.
enum class Form { person, brief, json, quiet };

class Progress {
 public:
  // `folder`: where the run is written. `max_steps`: train.max_steps, 0 if there is no such limit.
  Progress(Console& console, Form form, std::string folder, int64_t max_steps);

  void on_event(const signsym_event* event);
  // A signal came. The bar stays as it is, and what happens is announced: "^C finishing the step …".
  void stopping(const std::string& announcement);

  // How the run ended, and what to do next.
  void finished();
  void stopped();

 private:
  using Clock = std::chrono::steady_clock;
  // Of a line: 0 stays, the highest rank is left out first.
  struct Part {
    std::string text;
    int rank = 0;
  };

  void start(const signsym_event* event);
  void step(const signsym_event* event);
  void epoch(const signsym_event* event);
  bool talks() const { return form_ == Form::person || form_ == Form::brief; }
  std::string bar_line(const std::string& head, double fraction, std::vector<Part> parts) const;
  int64_t steps(const signsym_event* event) const;
  double seconds_left(const signsym_event* event) const;

  Console& console_;
  const Form form_;
  const std::string folder_;
  const int64_t max_steps_;
  std::mutex mutex_;

  std::string title_;               // name and rules
  int64_t held_out_ = 0;            // samples
  int64_t first_step_ = 0;          // where this run begins, or goes on
  Clock::time_point begin_, last_redraw_;
  std::string shown_;               // the bar as last drawn
  double epoch_loss_ = 0;           // sum over the steps seen of this epoch
  int64_t epoch_steps_ = 0;
  double top1_, seconds_ = 0;       // of the last evaluation; of the run
  std::string checkpoint_;          // the newest
  std::string announcement_;        // "" until a signal came
};

}  // namespace driver
