#include "progress.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "text.h"

namespace driver {

namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr int kBarColumns = 20;

// "SIGN_SYMMETRY", or "SIGN_SYMMETRY, fc: BACKPROP": the rule of most layers, then the layers that have another.
std::string rules(const nlohmann::json& layers) {
  std::map<std::string, int> count;
  for (const auto& layer : layers) ++count[layer.value("rule", "")];
  if (count.empty()) return "no layer with a rule";
  const auto most = std::max_element(count.begin(), count.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string out = most->first;
  int others = 0;
  for (const auto& layer : layers) {
    if (layer.value("rule", "") == most->first) continue;
    if (++others <= 3) out += ", " + layer.value("name", "") + ": " + layer.value("rule", "");
  }
  return others > 3 ? out + ", …" : out;
}

std::string padded(int64_t value, int64_t largest) {
  const std::string digits = std::to_string(value), widest = std::to_string(largest);
  return std::string(widest.size() - std::min(digits.size(), widest.size()), ' ') + digits + "/" + widest;
}

}  // namespace

Progress::Progress(Console& console, Form form, std::string folder, int64_t max_steps)
    : console_(console), form_(form), folder_(std::move(folder)), max_steps_(max_steps),
      top1_(std::numeric_limits<double>::quiet_NaN()) {}

void Progress::on_event(const signsym_event* event) {
  std::lock_guard lock(mutex_);
  if (form_ == Form::json) console_.line(signsym_event_json(event));
  seconds_ = signsym_event_seconds(event);
  switch (signsym_event_type(event)) {
    case SIGNSYM_EVENT_START:
      if (talks()) start(event);
      break;
    case SIGNSYM_EVENT_STEP:
      if (talks()) step(event);
      break;
    case SIGNSYM_EVENT_EVALUATION:
      top1_ = signsym_event_top1(event);
      if (signsym_event_step(event) == first_step_) begin_ = Clock::now();  // that before training is no part of the pace
      break;
    case SIGNSYM_EVENT_EPOCH:
      epochs_ = signsym_event_epoch(event);
      if (talks()) epoch(event);
      break;
    case SIGNSYM_EVENT_CHECKPOINT:
      checkpoint_ = signsym_event_text(event);
      break;
    case SIGNSYM_EVENT_LOG:
      if (form_ != Form::json) console_.warn(std::string("signsym: ") + signsym_event_text(event));
      break;
    default:
      break;
  }
}

void Progress::stopping(const std::string& announcement) {
  std::lock_guard lock(mutex_);
  announcement_ = announcement;
  if (talks() && console_.live()) {
    console_.redraw(shown_);  // over the ^C that the terminal wrote
    console_.keep();
    console_.redraw(announcement);
  } else if (form_ != Form::quiet) {
    console_.warn(announcement);
  }
}

void Progress::stopped() {
  const std::string saved = checkpoint_.empty() ? "nothing was saved" : "saved " + checkpoint_;
  const std::string next = "   go on with: signsym train --resume " + shell_word(folder_);
  if (talks() && console_.live()) {
    console_.line(announcement_ + " " + saved + "\n" + next);
  } else {
    console_.warn(saved + "\n" + next);
  }
}

void Progress::finished() {
  if (!talks()) return;
  if (form_ == Form::brief) {
    std::string line = title_ + "  ";
    if (std::isfinite(top1_)) line += "held out " + accuracy(top1_, held_out_) + "  ";
    return console_.line(line + std::to_string(epochs_) + (epochs_ == 1 ? " epoch in " : " epochs in ") + duration(seconds_));
  }
  if (std::isnan(top1_)) return console_.line("nothing was left to train");
  console_.line("held out " + accuracy(top1_, held_out_) + " after " + std::to_string(epochs_) +
                (epochs_ == 1 ? " epoch in " : " epochs in ") + duration(seconds_));
  console_.line("   look at it: signsym report " + shell_word(folder_));
}

// Two lines: what is trained, and on what.
void Progress::start(const signsym_event* event) {
  const auto json = nlohmann::json::parse(signsym_event_json(event), nullptr, false);
  if (!json.is_object()) return;
  const auto model = json.value("model", nlohmann::json::object());
  const auto data = json.value("data", nlohmann::json::object());
  const auto machine = json.value("machine", nlohmann::json::object());
  held_out_ = data.value("held_out", int64_t{0});
  first_step_ = signsym_event_step(event);
  begin_ = Clock::now();
  const std::string rule = rules(json.value("layers", nlohmann::json::array()));
  title_ = json.value("name", "") + "  " + rule;
  if (form_ == Form::brief) return console_.redraw(title_ + "  evaluating before the first step …");
  const int64_t threads = machine.value("threads", int64_t{0});
  console_.line(console_.colour("1", json.value("name", "")) + ": " + model.value("name", "model") + ", " +
                thousands(model.value("parameters", int64_t{0})) + " parameters, " + rule);
  console_.line(data.value("name", "data") + ": " + thousands(data.value("train", int64_t{0})) + " pictures, " +
                thousands(held_out_) + " held out; " + json.value("device", "") + ", " + json.value("precision", "") +
                ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads") + "; writes " + folder_);
  if (first_step_ > 0) console_.line("goes on after step " + thousands(first_step_));
  else console_.redraw("evaluating before the first step …");
}

void Progress::step(const signsym_event* event) {
  const int64_t done = signsym_event_step_in_epoch(event), all = signsym_event_steps_per_epoch(event);
  epoch_loss_ += signsym_event_loss(event);
  ++epoch_steps_;
  const auto now = Clock::now();
  if (!announcement_.empty() || !console_.live() || (done < all && now - last_redraw_ < kRedrawEvery)) return;
  last_redraw_ = now;
  std::string tail = padded(done, all) + "  loss " + fixed(epoch_loss_ / static_cast<double>(epoch_steps_), 3) +
                     "  train " + percent(signsym_event_top1(event)) + "  " +
                     rate(signsym_event_samples_per_second(event)) + " pictures/s";
  const double left = seconds_left(event);
  if (done == all) tail += "  evaluating …";
  else if (std::isfinite(left)) tail += "  " + duration(left) + " left";
  if (form_ == Form::brief) {
    const double run = static_cast<double>(signsym_event_step(event)) / static_cast<double>(std::max<int64_t>(steps(event), 1));
    shown_ = bar_line(title_ + "  " + head(event), run, tail.substr(tail.find("loss")));
  } else {
    shown_ = bar_line(head(event), static_cast<double>(done) / static_cast<double>(std::max<int64_t>(all, 1)), tail);
  }
  console_.redraw(shown_);
}

void Progress::epoch(const signsym_event* event) {
  epoch_loss_ = 0;
  epoch_steps_ = 0;
  if (form_ == Form::brief) return;
  const int64_t done = signsym_event_step_in_epoch(event), all = signsym_event_steps_per_epoch(event);
  std::string tail = padded(done, all) + "  loss " + fixed(signsym_event_loss(event), 3) + "  train " +
                     percent(signsym_event_train_top1(event));
  if (std::isfinite(signsym_event_top1(event))) tail += "  held out " + percent(signsym_event_top1(event));
  tail += "  " + rate(signsym_event_samples_per_second(event)) + " pictures/s";
  const double fraction = static_cast<double>(done) / static_cast<double>(std::max<int64_t>(all, 1));
  console_.line(console_.live() ? bar_line(head(event), fraction, tail) : head(event) + "  " + tail);
}

std::string Progress::head(const signsym_event* event) const {
  return "epoch " + padded(signsym_event_epoch(event), signsym_event_epochs(event));
}

// The bar is what gives way on a narrow terminal.
std::string Progress::bar_line(const std::string& head, double fraction, const std::string& tail) const {
  const int room = console_.room() - columns(head) - columns(tail) - 2;
  if (room < 4) return head + " " + tail;
  const auto [done, rest] = bar(fraction, std::min(room, kBarColumns));
  const std::string blank(static_cast<size_t>(columns(rest)), ' ');
  const std::string dim = console_.colour("2", rest);
  return head + " " + console_.colour("36", done) + (dim == rest ? blank : dim) + " " + tail;
}

// Of the whole run.
int64_t Progress::steps(const signsym_event* event) const {
  const int64_t all = signsym_event_epochs(event) * signsym_event_steps_per_epoch(event);
  return max_steps_ > 0 ? std::min(all, max_steps_) : all;
}

// Of the whole run, at the pace since it began or went on (evaluations are in it).
double Progress::seconds_left(const signsym_event* event) const {
  const int64_t step = signsym_event_step(event), all = steps(event);
  if (step <= first_step_) return std::numeric_limits<double>::quiet_NaN();
  const std::chrono::duration<double> elapsed = Clock::now() - begin_;
  return elapsed.count() / static_cast<double>(step - first_step_) * static_cast<double>(std::max<int64_t>(all - step, 0));
}

}  // namespace driver
