#include "optim/schedule.h"

#include <algorithm>
#include <cmath>

namespace signsym {
namespace {

constexpr double pi = 3.14159265358979323846;

template <typename... F> struct Overloaded : F... { using F::operator()...; };
template <typename... F> Overloaded(F...) -> Overloaded<F...>;

// From a to b as t goes from 0 to 1, flat at both ends.
double cosine_between(double a, double b, double t) { return b + (a - b) * (1 + std::cos(pi * t)) / 2; }

}  // namespace

double schedule_factor(const Schedule& schedule, int64_t step, int64_t total_steps, int64_t steps_per_epoch) {
  const double warmup = schedule.warmup_epochs * steps_per_epoch;
  if (step < warmup) return std::min(1.0, (step + 1) / warmup);
  // Place in what comes after the warm-up, 0 to 1.
  const double place = std::clamp((step - warmup) / std::max(1.0, total_steps - warmup), 0.0, 1.0);
  return std::visit(
      Overloaded{
          [](const ConstantRate&) { return 1.0; },
          [&](const StepDecay& s) { return std::pow(s.factor, std::floor(step / (s.every_epochs * steps_per_epoch))); },
          [&](const CosineDecay& s) { return cosine_between(1, s.end_factor, place); },
          [&](const LinearDecay& s) { return 1 - (1 - s.end_factor) * place; },
          [&](const OneCycle& s) {
            const double last = total_steps - 1, top = s.rise_fraction * total_steps - 1;
            const double start = 1 / s.start_divisor, end = start / s.end_divisor;
            if (step <= top) return cosine_between(start, 1, top > 0 ? step / top : 1);
            return cosine_between(1, end, last > top ? std::min(1.0, (step - top) / (last - top)) : 1);
          },
      },
      schedule.kind);
}

}  // namespace signsym
