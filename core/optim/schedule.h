// Learning-rate schedules: pure functions of the step.
#pragma once

#include <cstdint>
#include <variant>

namespace signsym {

struct ConstantRate {};
struct StepDecay { double every_epochs = 10, factor = 0.1; };
struct CosineDecay { double end_factor = 0; };
struct LinearDecay { double end_factor = 0; };
struct OneCycle { double rise_fraction = 0.3, start_divisor = 25, end_divisor = 1e4; };

struct Schedule {
  std::variant<ConstantRate, StepDecay, CosineDecay, LinearDecay, OneCycle> kind;
  double warmup_epochs = 0;
};

// Factor on the learning rate at `step` (0 the first) of `total_steps`; proto/signsym/v1/optimizer.proto has the formulas.
double schedule_factor(const Schedule& schedule, int64_t step, int64_t total_steps, int64_t steps_per_epoch);

}  // namespace signsym
