// A run and a build in words that machines read: JSON objects.
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

// Versions, machine, and what AUTO means on it (signsym_build_info).
std::string describe_build();

}  // namespace signsym
