#include "train/event.h"

#include <nlohmann/json.hpp>

namespace signsym {

std::string to_json(const Event& event) {
  using Json = nlohmann::ordered_json;
  static const char* const names[] = {"progress", "start", "step", "evaluation", "epoch", "checkpoint", "log", "end"};
  Json line;
  line["event"] = names[static_cast<int>(event.kind)];
  const auto number = [&](const char* name, double value) {
    if (std::isfinite(value)) line[name] = value;
  };
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) line[name] = value;
  };
  const bool in_epoch = event.kind == EventKind::progress || event.kind == EventKind::step ||
                        event.kind == EventKind::evaluation || event.kind == EventKind::epoch;
  if (in_epoch) line["epoch"] = event.epoch;
  line["step"] = event.step;
  if (event.kind == EventKind::progress)
    number("epochs_done", event.epoch - 1 + static_cast<double>(event.step_in_epoch) / event.steps_per_epoch);
  number("loss", event.loss);
  number("train_top1", event.train_top1);
  number("top1", event.top1);
  number("top5", event.top5);
  if (event.samples > 0) line["samples"] = event.samples;
  number("learning_rate", event.learning_rate);
  number("samples_per_second", event.samples_per_second);
  number("step_seconds", event.step_seconds);
  number("data_wait_seconds", event.data_wait_seconds);
  number("seconds", event.seconds);
  text("status", event.status);
  text(event.kind == EventKind::checkpoint ? "file" : "text", event.text);
  if (!event.details.empty()) line.update(Json::parse(event.details));
  if (!event.alignment.empty()) {
    Json& layers = line["alignment"] = Json::array();
    for (const LayerAlignment& a : event.alignment) {
      Json layer{{"layer", a.layer}};
      if (std::isfinite(a.angle)) layer["angle"] = a.angle;
      if (std::isfinite(a.norm_ratio)) layer["norm_ratio"] = a.norm_ratio;
      layers.push_back(std::move(layer));
    }
  }
  // Text that is not UTF-8 (a file name, say) is replaced, not thrown over.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace signsym
