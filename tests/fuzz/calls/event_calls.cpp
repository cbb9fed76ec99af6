// What an event says: of a wrong handle, or one whose callback has returned, the empty value.
#include <cmath>

#include "call.h"

namespace {

template <int64_t (*accessor)(const signsym_event*)>
void count_of(World& w) {
  const auto event = w.pick<signsym_event>();
  const int64_t found = accessor(event.handle);
  w.expect(event.valid ? found >= 0 : found == 0, "a number of an event");
}

template <double (*accessor)(const signsym_event*)>
void real_of(World& w) {
  const auto event = w.pick<signsym_event>();
  const double found = accessor(event.handle);
  if (!event.valid) w.expect(std::isnan(found), "a number of a wrong event");
}

}  // namespace

void add_event_calls(Calls& calls) {
  const Calls mine = {
      {"signsym_event_type", 1,
       [](World& w) {
         const auto event = w.pick<signsym_event>();
         const auto kind = signsym_event_type(event.handle);
         w.expect((kind >= SIGNSYM_EVENT_START && kind <= SIGNSYM_EVENT_END) == event.valid, "the kind of an event");
       }},
      {"signsym_event_epoch", 1, count_of<signsym_event_epoch>},
      {"signsym_event_epochs", 1, count_of<signsym_event_epochs>},
      {"signsym_event_step", 1, count_of<signsym_event_step>},
      {"signsym_event_step_in_epoch", 1, count_of<signsym_event_step_in_epoch>},
      {"signsym_event_steps_per_epoch", 1, count_of<signsym_event_steps_per_epoch>},
      {"signsym_event_loss", 1, real_of<signsym_event_loss>},
      {"signsym_event_top1", 1, real_of<signsym_event_top1>},
      {"signsym_event_top5", 1, real_of<signsym_event_top5>},
      {"signsym_event_train_top1", 1, real_of<signsym_event_train_top1>},
      {"signsym_event_learning_rate", 1, real_of<signsym_event_learning_rate>},
      {"signsym_event_samples_per_second", 1, real_of<signsym_event_samples_per_second>},
      {"signsym_event_seconds", 1, real_of<signsym_event_seconds>},
      {"signsym_event_text", 1,
       [](World& w) {
         const auto event = w.pick<signsym_event>();
         const char* text = signsym_event_text(event.handle);
         w.expect(text && (event.valid || !*text), "the text of an event");
       }},
      {"signsym_event_json", 1,
       [](World& w) {
         const auto event = w.pick<signsym_event>();
         const char* json = signsym_event_json(event.handle);
         check_text(w, json);
         w.expect((*json == '{') == event.valid, "the JSON of an event");
       }},
  };
  calls.insert(calls.end(), mine.begin(), mine.end());
}
