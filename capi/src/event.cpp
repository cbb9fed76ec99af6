#include "event.h"

#include <cmath>

#include "guard.h"

using namespace signsym;
using namespace signsym::capi;

namespace {

template <typename Value>
Value read(const signsym_event* handle, Value Event::*member, Value empty) noexcept {
  const auto object = find(handle);
  return object ? object->event->*member : empty;
}

}  // namespace

extern "C" {

signsym_event_kind signsym_event_type(const signsym_event* event) {
  const auto object = find(event);
  return object ? static_cast<signsym_event_kind>(object->event->kind) : 0;
}

int64_t signsym_event_epoch(const signsym_event* event) { return read(event, &Event::epoch, int64_t{0}); }
int64_t signsym_event_epochs(const signsym_event* event) { return read(event, &Event::epochs, int64_t{0}); }
int64_t signsym_event_step(const signsym_event* event) { return read(event, &Event::step, int64_t{0}); }
int64_t signsym_event_step_in_epoch(const signsym_event* event) {
  return read(event, &Event::step_in_epoch, int64_t{0});
}
int64_t signsym_event_steps_per_epoch(const signsym_event* event) {
  return read(event, &Event::steps_per_epoch, int64_t{0});
}
double signsym_event_loss(const signsym_event* event) { return read(event, &Event::loss, std::nan("")); }
double signsym_event_top1(const signsym_event* event) { return read(event, &Event::top1, std::nan("")); }
double signsym_event_top5(const signsym_event* event) { return read(event, &Event::top5, std::nan("")); }
double signsym_event_train_top1(const signsym_event* event) { return read(event, &Event::train_top1, std::nan("")); }
double signsym_event_learning_rate(const signsym_event* event) {
  return read(event, &Event::learning_rate, std::nan(""));
}
double signsym_event_samples_per_second(const signsym_event* event) {
  return read(event, &Event::samples_per_second, std::nan(""));
}
double signsym_event_seconds(const signsym_event* event) { return read(event, &Event::seconds, std::nan("")); }

const char* signsym_event_text(const signsym_event* event) {
  const auto object = find(event);
  if (!object) return "";
  return object->event->kind == EventKind::end ? object->event->status.c_str() : object->event->text.c_str();
}

const char* signsym_event_json(const signsym_event* event) {
  const auto object = find(event);
  if (!object) return "";
  const KeepErrno keep_errno;  // the JSON parser sets it
  try {
    if (object->json.empty()) object->json = to_json(*object->event);
    return object->json.c_str();
  } catch (...) {
    return "";  // no memory
  }
}

}  // extern "C"
