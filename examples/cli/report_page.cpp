#include "report_page.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "commands.h"
#include "report_assets.h"
#include "text.h"

namespace driver {
namespace {

using nlohmann::json;

json accuracy_point(const Evaluation& evaluation) {
  const auto held_out = accuracy(evaluation);
  json point{{"epoch", evaluation.epoch}, {"seconds", evaluation.seconds}};
  if (held_out) point.update({{"top1", held_out->top1}, {"low", held_out->low}, {"high", held_out->high}});
  return point;
}

// A line for each layer that has a feedback weight of its own: under BACKPROP and SHAM B is W.
json alignment(const Run& run) {
  json layers = json::array();
  for (const RunLayer& layer : run.layers) {
    if (layer.rule == "BACKPROP" || layer.rule == "SHAM") continue;
    json points = json::array();
    for (const Evaluation& evaluation : run.evaluations) {
      for (const LayerAlignment& measured : evaluation.alignment) {
        if (measured.layer == layer.name) points.push_back({evaluation.epoch, measured.angle, measured.norm_ratio});
      }
    }
    if (!points.empty()) layers.push_back({{"name", layer.name}, {"rule", layer.rule}, {"points", points}});
  }
  return layers;
}

json run_data(const RunSummary& summary) {
  const Run& run = summary.run;
  json data{{"name", summary.name},     {"label", summary.label},   {"rule", summary.rule},
            {"last_rule", summary.last_rule}, {"state", summary.state},   {"reason", run.reason},
            {"folder", run.folder.string()},  {"config", run.config},     {"alignment", alignment(run)},
            {"progress", json::array()},      {"evaluations", json::array()}};
  for (const Progress& point : run.progress) {
    data["progress"].push_back({point.epochs_done, point.seconds, point.loss});
  }
  for (const Evaluation& evaluation : run.evaluations) data["evaluations"].push_back(accuracy_point(evaluation));
  return data;
}

// Each machine once, with the names of the runs that were made on it.
json environments(const std::vector<RunSummary>& runs) {
  std::vector<std::pair<Environment, json>> found;
  for (const RunSummary& summary : runs) {
    for (const Environment& environment : summary.run.environments) {
      auto known = std::find_if(found.begin(), found.end(), [&](const auto& e) { return e.first == environment; });
      if (known == found.end()) known = found.insert(found.end(), {environment, json::array()});
      known->second.push_back(summary.name);
    }
  }
  json out = json::array();
  for (const auto& [environment, names] : found) out.push_back({{"lines", environment}, {"runs", names}});
  return out;
}

json group_data(const Group& group) {
  const Run& first = group.runs.front().run;
  json data{{"title", group.title},
            {"sentences", group.sentences},
            {"facts",
             {thousands(first.train_samples) + " training samples",
              thousands(first.held_out_samples) + " held out (" + first.held_out_kind + ")",
              thousands(first.classes) + " classes", thousands(first.parameters) + " parameters"}},
            {"classes", first.classes},
            {"columns", json::array()},
            {"runs", json::array()},
            {"differences", json::array()},
            {"environments", environments(group.runs)}};
  for (const Table::Column& column : group.table.columns) {
    data["columns"].push_back({{"title", column.title}, {"numeric", column.numeric}, {"cells", column.cells}});
  }
  for (const RunSummary& summary : group.runs) data["runs"].push_back(run_data(summary));
  for (const Difference& difference : group.differences) {
    data["differences"].push_back({{"path", difference.path}, {"values", difference.values}});
  }
  return data;
}

std::string replaced(const std::string& text, const std::map<char, std::string>& escapes) {
  std::string out;
  for (const char c : text) {
    const auto escape = escapes.find(c);
    out += escape == escapes.end() ? std::string(1, c) : escape->second;
  }
  return out;
}

// JSON that can stand in a script element: no end tag and no comment can be in it. Bytes that are not UTF-8 become �.
std::string script_json(const json& data) {
  return replaced(data.dump(-1, ' ', false, json::error_handler_t::replace), {{'<', "\\u003c"}, {'>', "\\u003e"}});
}

std::string html_text(const std::string& text) {
  return replaced(text, {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}});
}

// Each {{name}} of the page, in one pass: what is put in is not looked at again.
std::string fill(std::string_view page, const std::map<std::string_view, std::string_view>& values) {
  std::string out;
  for (size_t open; (open = page.find("{{")) != page.npos;) {
    const size_t close = page.find("}}", open);
    out.append(page.substr(0, open)).append(values.at(page.substr(open + 2, close - open - 2)));
    page.remove_prefix(close + 2);
  }
  return out.append(page);
}

}  // namespace

std::string report_page(const std::string& title, const std::vector<Group>& groups) {
  const Assets assets = report_assets();
  if (assets.plotly.empty()) {
    throw Failure(exit_failed, "This signsym was built without plotly.js, which draws the charts of a report. Run "
                               "script/setup, and build again");
  }
  json data{{"title", title}, {"groups", json::array()}};
  for (const Group& group : groups) data["groups"].push_back(group_data(group));
  const std::string name = html_text(title), text = script_json(data);
  return fill(assets.page, {{"title", name},
                            {"style", assets.style},
                            {"plotly", assets.plotly},
                            {"data", text},
                            {"script", assets.script}});
}

}  // namespace driver
