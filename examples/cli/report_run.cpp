#include "report_run.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "commands.h"
#include "text.h"

namespace driver {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string read_text(const fs::path& folder, const char* name) {
  std::ifstream in(folder / name, std::ios::binary);
  if (!in) {
    throw Failure(exit_file, folder.string() + " is not the folder of a run: " + name +
                                 (fs::exists(folder / name) ? " cannot be read" : " is missing") +
                                 ". Name folders that `signsym train --out` has written");
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Members that are missing or of another type count as not there.
double number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

template <typename Integer = int64_t>
Integer integer(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<Integer>() : 0;
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const json& member(const json& object, const char* key, json::value_t type) {
  static const json no_object = json::object(), no_array = json::array();
  const auto found = object.find(key);
  if (found != object.end() && found->type() == type) return *found;
  return type == json::value_t::array ? no_array : no_object;
}

// The events that stand, in order.
std::vector<json> read_events(const fs::path& folder) {
  std::istringstream lines(read_text(folder, "metrics.jsonl"));
  std::vector<json> events;
  int64_t count = 0, broken = 0;  // line numbers; broken: a line that is no JSON, 0: none
  for (std::string line; std::getline(lines, line);) {
    ++count;
    if (line.empty()) continue;
    json event = json::parse(line, nullptr, false);
    const bool start = event.is_object() && text(event, "event") == "start";
    if (broken && !start) {
      throw Failure(exit_file, (folder / "metrics.jsonl").string() + ":" + std::to_string(broken) +
                                   " is damaged: a JSON object was expected. Only the last line of a run that was cut "
                                   "off may be torn");
    }
    broken = event.is_object() ? 0 : count;
    if (broken) continue;
    if (start) {
      const int64_t step = integer(event, "step");
      events.erase(std::remove_if(events.begin(), events.end(),
                                  [step](const json& old) { return integer(old, "step") > step; }),
                   events.end());
    }
    events.push_back(std::move(event));
  }
  return events;
}

Environment environment(const json& start) {
  const json& machine = member(start, "machine", json::value_t::object);
  const json& versions = member(start, "versions", json::value_t::object);
  Environment lines;
  const auto add = [&lines](const char* name, const std::string& value) {
    if (!value.empty()) lines.emplace_back(name, value);
  };
  const auto count = [](int64_t value) { return value ? thousands(value) : std::string(); };
  add("Processor", text(machine, "processor"));
  add("Cores", count(integer(machine, "cores")));
  add("Threads", count(integer(machine, "threads")));
  const double bytes = number(machine, "memory_bytes");
  add("Memory", std::isfinite(bytes) ? fixed(bytes / (1024. * 1024 * 1024), 1) + " GiB" : "");
  add("System", text(machine, "system"));
  add("Device", text(start, "device"));
  add("Precision", text(start, "precision"));
  add("Memory format", text(start, "memory_format"));
  add("signsym", text(versions, "signsym"));
  add("LibTorch", text(versions, "libtorch"));
  add("Protobuf", text(versions, "protobuf"));
  return lines;
}

void take_start(Run& run, const json& start) {
  if (integer(start, "format") != 1) {
    throw Failure(exit_file, run.folder.string() + ": the run is of format " + start.value("format", json()).dump() +
                                 ", this signsym reads format 1. Take a signsym of the version that wrote it");
  }
  const json& data = member(start, "data", json::value_t::object);
  const json& model = member(start, "model", json::value_t::object);
  run.name = text(start, "name");
  run.seed = integer<uint64_t>(start, "seed");
  run.data = text(data, "name");
  run.held_out_kind = text(data, "held_out_kind");
  run.train_samples = integer(data, "train");
  run.held_out_samples = integer(data, "held_out");
  run.classes = integer(data, "classes");
  run.model = text(model, "name");
  run.parameters = integer(model, "parameters");
  run.epochs = integer(start, "epochs");
  run.batch_size = integer(start, "batch_size");
  run.layers.clear();
  for (const json& layer : member(start, "layers", json::value_t::array)) {
    run.layers.push_back({text(layer, "name"), text(layer, "rule")});
  }
  Environment here = environment(start);
  auto& known = run.environments;
  if (std::find(known.begin(), known.end(), here) == known.end()) known.push_back(std::move(here));
  run.status.clear();
  run.reason.clear();
}

Evaluation evaluation(const json& event) {
  Evaluation taken{integer(event, "epoch"), number(event, "seconds"), number(event, "loss"),
                   number(event, "top1"),   integer(event, "samples"), {}};
  for (const json& layer : member(event, "alignment", json::value_t::array)) {
    taken.alignment.push_back({text(layer, "layer"), number(layer, "angle"), number(layer, "norm_ratio")});
  }
  return taken;
}

}  // namespace

Run read_run(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Failure(exit_file, folder.string() + (fs::exists(folder) ? " is not a folder" : " does not exist") +
                                 ". Name folders that `signsym train --out` has written");
  }
  Run run;
  run.folder = folder;
  run.config = read_text(folder, "config.textproto");
  bool started = false;
  for (const json& event : read_events(folder)) {
    const std::string kind = text(event, "event");
    if (kind == "start") {
      take_start(run, event);
      started = true;
    } else if (kind == "progress") {
      run.progress.push_back({number(event, "epochs_done"), number(event, "seconds"), number(event, "loss")});
    } else if (kind == "evaluation") {
      Evaluation taken = evaluation(event);
      // a run that was resumed at the end of an epoch evaluates it again
      if (!run.evaluations.empty() && run.evaluations.back().epoch == taken.epoch) run.evaluations.pop_back();
      run.evaluations.push_back(std::move(taken));
    } else if (kind == "epoch") {
      const TrainedEpoch taken{integer(event, "epoch"), number(event, "loss"), number(event, "step_seconds")};
      if (!run.trained.empty() && run.trained.back().epoch == taken.epoch) run.trained.pop_back();
      run.trained.push_back(taken);
    } else if (kind == "end") {
      run.status = text(event, "status");
      run.reason = text(event, "text");
    }
  }
  if (!started) {
    throw Failure(exit_file, folder.string() + ": the run has not started: metrics.jsonl has no `start` line. "
                                               "Wait until training has begun, or leave the folder out");
  }
  return run;
}

}  // namespace driver
