// What the settings of single fields cannot say: defaults that hang on another field, and fields at odds.
#pragma once

#include "signsym/v1/experiment.pb.h"

namespace signsym {

// Only the scales that are measured on W can be measured for each output channel.
bool is_of_whole_weight(v1::Scale scale);

// After fill_defaults: validation_fraction, initialization, the inputs of a graph's nodes, the strides of its pools.
void fill_dependent_defaults(v1::Experiment* experiment);

// Of an experiment with its defaults. Throws a Fault at the first.
void check_contradictions(const v1::Experiment& experiment);

}  // namespace signsym
