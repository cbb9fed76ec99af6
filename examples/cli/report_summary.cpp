#include "report_summary.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "report_order.h"
#include "text.h"

namespace driver {
namespace {

double median(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); }),
               values.end());
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// The rule of most layers; the last layer counts only where it is alone.
std::string main_rule(const std::vector<RunLayer>& layers) {
  std::map<std::string, int> count;
  for (size_t i = 0; i < std::max<size_t>(layers.size(), 2) - 1 && i < layers.size(); ++i) ++count[layers[i].rule];
  const auto most = std::max_element(count.begin(), count.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == count.end() ? "" : most->first;
}

std::string state(const Run& run) {
  if (run.status == "finished") return "";
  const int64_t done = run.trained.empty() ? 0 : run.trained.back().epoch;
  // without an `end` line it goes on, or was cut off: the folder does not tell
  return (run.status.empty() ? "unfinished" : run.status) + ", epoch " + thousands(done) + " of " + thousands(run.epochs);
}

RunSummary summarize(Run run) {
  RunSummary summary;
  summary.config = read_flat_config(run.folder);
  summary.rule = main_rule(run.layers);
  if (!run.layers.empty() && run.layers.back().rule != summary.rule) summary.last_rule = run.layers.back().rule;
  if (!run.evaluations.empty()) {
    summary.held_out = accuracy(run.evaluations.back());
    summary.epoch = run.evaluations.back().epoch;
  }
  std::vector<double> seconds;
  for (const TrainedEpoch& epoch : run.trained) seconds.push_back(epoch.step_seconds);
  summary.step_seconds = median(std::move(seconds));
  summary.relative = std::numeric_limits<double>::quiet_NaN();
  summary.loss = run.trained.empty() ? summary.relative : run.trained.back().loss;
  summary.state = state(run);
  summary.run = std::move(run);
  return summary;
}

// "SIGN_SYMMETRY · last layer BACKPROP", and how many other layers have a rule of their own.
std::string rules(const RunSummary& summary) {
  const auto& layers = summary.run.layers;
  std::string text = summary.rule;
  if (!summary.last_rule.empty()) text += " · last layer " + summary.last_rule;
  const auto others = layers.empty() ? 0 : std::count_if(layers.begin(), layers.end() - 1, [&](const RunLayer& layer) {
    return layer.rule != summary.rule;
  });
  if (others) text += " · " + std::to_string(others) + (others == 1 ? " other layer" : " other layers") + " otherwise";
  return text;
}

// Adds `more` of each run to the texts that several runs share.
using Text = std::function<std::string(const RunSummary&)>;
void tell_apart(std::vector<std::string>& texts, const std::vector<RunSummary>& runs, const Text& more) {
  const std::vector<std::string> given = texts;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (std::count(given.begin(), given.end(), given[i]) > 1) texts[i] += more(runs[i]);
  }
}

void name_runs(std::vector<RunSummary>& runs) {
  const auto seed = [](const RunSummary& s) { return " · seed " + std::to_string(s.run.seed); };
  const auto folder = [](const RunSummary& s) { return " · " + s.run.folder.string(); };
  std::vector<std::string> names, labels;
  for (const RunSummary& summary : runs) {
    names.push_back(summary.run.name);
    labels.push_back(rules(summary));
  }
  tell_apart(names, runs, [](const RunSummary& s) { return " · " + rules(s); });
  tell_apart(names, runs, seed);
  tell_apart(names, runs, folder);
  tell_apart(labels, runs, seed);
  // where rules and seed do not tell the runs apart, their names do
  const std::vector<std::string> given = labels;
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].name = names[i];
    runs[i].label = std::count(given.begin(), given.end(), given[i]) > 1 ? names[i] : given[i];
  }
}

// A ratio of seconds says something only where machine and form of the computation are the same.
bool same_form(const Run& a, const Run& b) {
  return a.environments == b.environments && a.environments.size() == 1 && a.batch_size == b.batch_size;
}

void compare_seconds(std::vector<RunSummary>& runs) {
  for (RunSummary& summary : runs) {
    std::vector<double> reference;
    for (const RunSummary& other : runs) {
      const bool backprop = other.rule == "BACKPROP" && rules(other) == other.rule;
      if (backprop && same_form(other.run, summary.run)) reference.push_back(other.step_seconds);
    }
    summary.relative = summary.step_seconds / median(std::move(reference));
  }
}

Table make_table(const std::vector<RunSummary>& runs) {
  Table table;
  const auto add = [&](const char* title, bool numeric, const Text& cell) {
    table.columns.push_back({title, numeric, {}});
    for (const RunSummary& summary : runs) table.columns.back().cells.push_back(cell(summary));
  };
  add("run", false, [](const RunSummary& s) { return s.name; });
  add("rule", false, [](const RunSummary& s) { return s.rule; });
  add("last layer", false, [](const RunSummary& s) { return s.last_rule; });
  add("held out %", true, [](const RunSummary& s) { return s.held_out ? text(*s.held_out) : "–"; });
  add("n", true, [](const RunSummary& s) {
    return s.held_out ? thousands(s.run.evaluations.back().samples) : std::string("–");
  });
  add("epochs", true, [](const RunSummary& s) { return thousands(s.epoch); });
  add("loss", true, [](const RunSummary& s) { return fixed(s.loss, 3); });
  add("ms/step", true, [](const RunSummary& s) { return fixed(1000 * s.step_seconds, 1); });
  add("× BACKPROP", true, [](const RunSummary& s) { return fixed(s.relative, 2); });
  add("seed", true, [](const RunSummary& s) { return std::to_string(s.run.seed); });
  add("state", false, [](const RunSummary& s) { return s.state; });
  table.drop_empty_columns();
  return table;
}

std::string title(const Run& run) { return run.model + " on " + run.data; }

}  // namespace

std::optional<Accuracy> accuracy(const Evaluation& evaluation) {
  if (!std::isfinite(evaluation.top1) || evaluation.samples <= 0) return std::nullopt;
  const auto [low, high] = wilson(evaluation.top1, evaluation.samples);
  return Accuracy{evaluation.top1, low, high};
}

std::string text(const Accuracy& accuracy) { return fixed(accuracy.top1, 1) + " ± " + fixed(accuracy.half(), 1); }

std::vector<Group> group_runs(std::vector<Run> runs) {
  std::vector<Group> groups;
  for (Run& run : runs) {
    const auto key = [](const Run& r) {
      return std::make_tuple(r.data, r.train_samples, r.held_out_kind, r.held_out_samples, r.model, r.parameters);
    };
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& known) { return key(known.runs.front().run) == key(run); });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{title(run), {}, {}, {}, {}});
    group->runs.push_back(summarize(std::move(run)));
  }
  for (Group& group : groups) {
    name_runs(group.runs);
    compare_seconds(group.runs);
    group.table = make_table(group.runs);
    group.sentences = sentences(group.runs);
    std::vector<FlatConfig> configs;
    for (const RunSummary& summary : group.runs) configs.push_back(summary.config);
    group.differences = differences(configs);
  }
  return groups;
}

}  // namespace driver
