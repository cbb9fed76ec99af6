// What the world sees of a run. docs/run-folder.md has the JSON.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "train/alignment.h"

namespace signsym {

// The values are those of signsym_event_kind; progress is written to metrics.jsonl only.
enum class EventKind { progress = 0, start = 1, step = 2, evaluation = 3, epoch = 4, checkpoint = 5, log = 6, end = 7 };

// What an event does not carry is 0, NaN or empty, and left out of its JSON.
struct Event {
  EventKind kind = EventKind::log;
  int64_t epoch = 0;  // 1 the first
  int64_t epochs = 0;
  int64_t step = 0;   // done since the run began
  int64_t step_in_epoch = 0;
  int64_t steps_per_epoch = 0;
  int64_t samples = 0;
  double loss = NAN;
  double top1 = NAN;        // percent
  double top5 = NAN;
  double train_top1 = NAN;
  double learning_rate = NAN;
  double samples_per_second = NAN;
  double step_seconds = NAN;       // median of the epoch's steps
  double data_wait_seconds = NAN;  // of the epoch
  double seconds = 0;              // since the run began
  std::string text;                // checkpoint: file; log: message; end: reason
  std::string status;              // end
  std::string details;             // start: JSON object whose members are added
  std::vector<LayerAlignment> alignment;
};

// One line of JSON, without the newline.
std::string to_json(const Event& event);

// Returns false to stop the run after this step.
using EventListener = std::function<bool(const Event&)>;

}  // namespace signsym
