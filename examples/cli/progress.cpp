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
constexpr int kPartColumns = 72;  // what usually follows the bar: its length must not vary with the numbers

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

double ratio(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(whole, 1));
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
      break;
    case SIGNSYM_EVENT_EPOCH:
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
  const std::string result =
      std::isnan(top1_) ? "nothing was left to train"
                        : "held out " + accuracy(top1_, held_out_) + ", trained in " + duration(seconds_);
  if (form_ == Form::brief) return console_.line(title_ + "  " + result);
  console_.line(result);
  console_.line("   look at it: signsym report " + shell_word(folder_));
}

// Two lines: what is trained, and on what.
void Progress::start(const signsym_event* event) {
  const auto json = nlohmann::json::parse(signsym_event_json(event));
  const auto& model = json.at("model");
  const auto& data = json.at("data");
  const int threads = json.at("machine").value("threads", 0);
  const std::string name = json.value("name", ""), rule = rules(json.at("layers"));
  held_out_ = data.value("held_out", int64_t{0});
  first_step_ = signsym_event_step(event);
  begin_ = Clock::now();
  title_ = name + "  " + rule;
  if (form_ == Form::person) {
    console_.line(console_.colour("1", name) + ": " + model.value("name", "") + ", " +
                  thousands(model.value("parameters", int64_t{0})) + " parameters, " + rule);
    console_.line(data.value("name", "") + ": " + thousands(data.value("train", int64_t{0})) + " pictures, " +
                  thousands(held_out_) + " held out; " + json.value("device", "") + ", " + json.value("precision", "") +
                  ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads") + "; writes " + folder_);
    if (first_step_ > 0) console_.line("goes on after step " + thousands(first_step_));
  }
}

void Progress::step(const signsym_event* event) {
  epoch_loss_ += signsym_event_loss(event);
  ++epoch_steps_;
  const auto now = Clock::now();
  const int64_t done = signsym_event_step_in_epoch(event), all = signsym_event_steps_per_epoch(event);
  if (!announcement_.empty() || !console_.live() || (done < all && now - last_redraw_ < kRedrawEvery)) return;
  last_redraw_ = now;
  std::vector<Part> parts{{"loss " + fixed(epoch_loss_ / static_cast<double>(epoch_steps_), 3)},
                          {"train " + percent(signsym_event_top1(event)), 1},
                          {rate(signsym_event_samples_per_second(event)) + " pictures/s", 2}};
  const double left = seconds_left(event);
  if (done == all) parts.push_back({"evaluating …"});
  else if (std::isfinite(left)) parts.push_back({duration(left) + " left"});

  const std::string epoch = "epoch " + padded(signsym_event_epoch(event), signsym_event_epochs(event));
  if (form_ == Form::brief) {
    parts.insert(parts.begin(), {epoch});
    shown_ = bar_line(title_, ratio(signsym_event_step(event), steps(event)), parts);
  } else {
    parts.insert(parts.begin(), {padded(done, all)});
    shown_ = bar_line(epoch, ratio(done, all), parts);
  }
  console_.redraw(shown_);
}

void Progress::epoch(const signsym_event* event) {
  epoch_loss_ = 0;
  epoch_steps_ = 0;
  if (form_ == Form::brief) return;
  const int64_t done = signsym_event_step_in_epoch(event), all = signsym_event_steps_per_epoch(event);
  std::vector<Part> parts{{padded(done, all)},
                          {"loss " + fixed(signsym_event_loss(event), 3)},
                          {"train " + percent(signsym_event_train_top1(event)), 1}};
  if (std::isfinite(signsym_event_top1(event))) parts.push_back({"held out " + percent(signsym_event_top1(event))});
  parts.push_back({rate(signsym_event_samples_per_second(event)) + " pictures/s", 2});
  const std::string head = "epoch " + padded(signsym_event_epoch(event), signsym_event_epochs(event));
  console_.line(bar_line(head, ratio(done, all), parts));
}

// Where the terminal is narrow, first the bar gets shorter, then the parts of the highest rank go, then the bar.
std::string Progress::bar_line(const std::string& head, double fraction, std::vector<Part> parts) const {
  const auto joined = [&parts] {
    std::string out;
    for (const Part& part : parts) out += (out.empty() ? " " : "  ") + part.text;
    return out;
  };
  if (!console_.live()) return head + " " + joined();
  const int room = console_.room() - columns(head);
  const std::string bar = " " + console_.bar(fraction, std::clamp(room - kPartColumns, kBarColumns / 2, kBarColumns));
  const auto by_rank = [](const Part& a, const Part& b) { return a.rank < b.rank; };
  while (columns(bar + joined()) > room) {
    const auto least = std::max_element(parts.begin(), parts.end(), by_rank);
    if (least->rank == 0) return head + " " + joined();
    parts.erase(least);
  }
  return head + bar + joined();
}

// Of the whole run.
int64_t Progress::steps(const signsym_event* event) const {
  const int64_t all = signsym_event_epochs(event) * signsym_event_steps_per_epoch(event);
  return max_steps_ > 0 ? std::min(all, max_steps_) : all;
}

// Of the whole run, at the pace since its first step or since it goes on (evaluations are in it).
double Progress::seconds_left(const signsym_event* event) const {
  const int64_t step = signsym_event_step(event);
  if (step <= first_step_) return std::numeric_limits<double>::quiet_NaN();
  const std::chrono::duration<double> elapsed = Clock::now() - begin_;
  return elapsed.count() / static_cast<double>(step - first_step_) *
         static_cast<double>(std::max<int64_t>(steps(event) - step, 0));
}

}  // namespace driver
