// Where a trainer stands and what it reached last: proto/signsym/v1/metrics.proto has the meaning of each.
#pragma once

#include <string>

#include "config/config.h"
#include "train/reporter.h"

namespace signsym {

struct Metrics {
  bool finished = false;
  Progress progress;
  int64_t steps_per_epoch = 0;
  double learning_rate = NAN;
  double step_loss = NAN;
  double train_loss = NAN, train_top1 = NAN;
  Evaluation evaluation;  // samples 0: none yet
  double samples_per_second = NAN;
};

std::string write(const Metrics& metrics, Format format);

}  // namespace signsym
