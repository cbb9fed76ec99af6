// How well a network does on held-out samples.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>

#include "data/loader.h"
#include "train/loss.h"
#include "train/network.h"

namespace signsym {

struct Evaluation {
  double loss = NAN;  // mean over samples
  double top1 = NAN;  // percent
  double top5 = NAN;  // percent; NaN below 6 classes
  int64_t samples = 0;
};

// 100 · part / whole; NaN of nothing.
inline double percent(int64_t part, int64_t whole) { return whole > 0 ? 100.0 * part / whole : NAN; }

// Asked before each step, and each batch of an evaluation; empty: never.
using CancelCheck = std::function<bool()>;

// Over one pass of the loader of `set`. Errors: diverged where the loss is not finite; cancelled.
Evaluation evaluate(const Network& network, const Loss& loss, const Dataset& set, Loader& loader, Layout layout,
                    const CancelCheck& cancelled);

}  // namespace signsym
