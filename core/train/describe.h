// A run in words that machines read: a JSON object.
#pragma once

#include <string>

#include "config/config.h"
#include "train/learner.h"

namespace signsym {

struct RunSize {
  int64_t training = 0;  // samples
  int64_t held_out = 0;
  int64_t classes = 0;
  int64_t steps_per_epoch = 0;
};

// The members of a "start" line in metrics.jsonl (docs/run-folder.md).
std::string describe_run(const Config& config, const Learner& learner, const RunSize& size);

}  // namespace signsym
