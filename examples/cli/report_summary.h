// What a set of runs says: groups that may be compared, a table of each, and sentences that the intervals bear out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report_config.h"
#include "report_run.h"
#include "report_table.h"

namespace driver {

// Of the held-out samples that are classified right, in percent, with its 95 % interval (Wilson).
struct Accuracy {
  double top1, low, high;
  double half() const { return (high - low) / 2; }
};

// "55.2 ± 2.2"
std::string text(const Accuracy& accuracy);

// Nothing where the evaluation has no accuracy or no samples.
std::optional<Accuracy> accuracy(const Evaluation& evaluation);

struct RunSummary {
  Run run;
  FlatConfig config;
  std::string name;       // the run's, unique in the group: by rule, then seed, then folder
  std::string label;      // for legends and sentences: the rules where they tell the runs apart, else `name`
  std::string rule;       // of most layers
  std::string last_rule;  // of the last layer where it is another, else ""
  std::optional<Accuracy> held_out;  // after the last evaluation
  int64_t epoch = 0;                 // of that
  double loss;                       // mean of the last epoch's training; NaN: none
  double step_seconds;               // median of the epochs; NaN: none
  double relative;                   // to BACKPROP of the group on the same machine in the same form; NaN: none
  std::string state;                 // "" when the run has finished, else what became of it
};

struct Group {
  std::string title;  // "resnet8 on cifar10"
  std::vector<RunSummary> runs;
  Table table;
  std::vector<std::string> sentences;
  std::vector<Difference> differences;  // values in the order of the runs
};

// Runs of one data set (and held-out part of it) and one model are a group; groups and runs keep the given order.
std::vector<Group> group_runs(std::vector<Run> runs);

}  // namespace driver
