#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "call.h"

namespace {

// Its event lives while it runs; any call may be made meanwhile, on the trainer that runs too.
int on_event(const signsym_event* event, void* user) {
  const auto* given = static_cast<const Given*>(user);
  World& w = *given->world;
  w.expect(given->destroys == 0, "a callback was called after its destroy");
  auto* const handle = const_cast<signsym_event*>(event);
  struct Living {
    World& w;
    signsym_event* handle;
    Living(World& world, signsym_event* event_in) : w(world), handle(event_in) {
      w.pool<signsym_event>().live.push_back(handle);
      ++w.depth;
    }
    ~Living() {
      w.pool<signsym_event>().end(handle);
      --w.depth;
    }
  } living(w, handle);
  if (w.depth <= 2)
    for (size_t i = w.random.below(4); i > 0; --i) make_any_call(w);
  if (w.random.once_in(40)) throw std::runtime_error("from a callback \xFF");
  return w.random.once_in(40) ? -1 : 0;
}

void free_trainer(World& w, Picked<signsym_trainer> trainer) {
  signsym_trainer_free(trainer.handle);
  if (trainer.valid) w.pool<signsym_trainer>().end(trainer.handle);
}

const char* maybe(const std::string& text, World& w) { return w.random.once_in(2) ? nullptr : text.c_str(); }

}  // namespace

void add_trainer_calls(Calls& calls) {
  const Calls mine = {
      {"signsym_trainer_create", 2,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto out = t.out<signsym_trainer>();
         t.done(signsym_trainer_create(config, out, t.error()));
       }},
      {"signsym_trainer_create_from_file", 1,
       [](World& w) {
         Try t(w);
         const std::string path = w.input();
         const auto out = t.out<signsym_trainer>();
         t.done(signsym_trainer_create_from_file(t.text(path), out, t.error()));
       }},
      {"signsym_trainer_create_with", 5,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto model = t.optional_handle<signsym_model>();
         const auto training = t.optional_handle<signsym_dataset>(), held_out = t.optional_handle<signsym_dataset>();
         const auto out = t.out<signsym_trainer>();
         t.done(signsym_trainer_create_with(config, model, training, held_out, out, t.error()));
       }},
      {"signsym_trainer_resume", 1,
       [](World& w) {
         Try t(w);
         const std::string folder = w.input();
         const auto config = t.optional_handle<signsym_config>();
         const auto out = t.out<signsym_trainer>();
         t.done(signsym_trainer_resume(t.text(folder), config, out, t.error()));
       }},
      {"signsym_trainer_resume_with", 2,
       [](World& w) {
         Try t(w);
         const std::string folder = w.random.once_in(2) ? "run" : w.input();
         const auto config = t.optional_handle<signsym_config>();
         const auto training = t.optional_handle<signsym_dataset>(), held_out = t.optional_handle<signsym_dataset>();
         const auto out = t.out<signsym_trainer>();
         t.done(signsym_trainer_resume_with(t.text(folder), config, training, held_out, out, t.error()));
       }},
      {"signsym_trainer_on_event", 4,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         Given* const given = t.given();
         const auto function = w.random.once_in(32) ? nullptr : on_event;
         if (!function) t.must_fail();
         t.done(signsym_trainer_on_event(trainer, function, given, destroy_given, t.error()));
       }},
      {"signsym_trainer_run", 2,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const auto cancel = t.optional_handle<signsym_cancel>();
         t.done(signsym_trainer_run(trainer, cancel, t.error()));
       }},
      {"signsym_trainer_run_for", 4,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const int64_t epochs = w.number(), steps = w.number();
         if (epochs < 0 || steps < 0) t.must_fail();
         const auto cancel = t.optional_handle<signsym_cancel>();
         t.done(signsym_trainer_run_for(trainer, epochs, steps, cancel, t.error()));
       }},
      {"signsym_trainer_pause", 1, [](World& w) { signsym_trainer_pause(w.pick<signsym_trainer>().handle); }},
      {"signsym_trainer_limit_events", 2,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const double rate = w.real();
         if (!(rate >= 0) || std::isinf(rate)) t.must_fail();
         t.done(signsym_trainer_limit_events(trainer, rate, t.error()));
       }},
      {"signsym_trainer_evaluate", 2,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const auto loss = t.real_out(0), top1 = t.real_out(1), top5 = t.real_out(2);
         const auto samples = t.number_out();
         t.done(signsym_trainer_evaluate(trainer, loss, top1, top5, samples, t.error()));
       }},
      {"signsym_trainer_step", 4,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const Lent samples = w.lent_samples(), labels = w.lent_labels(samples.shape[0]);
         const auto layout = w.choice(SIGNSYM_NHWC);
         const auto loss = t.real_out(0);
         const auto x = t.pointer(&samples.tensor), y = t.pointer(&labels.tensor);
         t.done(signsym_trainer_step(trainer, x, y, layout, loss, t.error()));
       }},
      {"signsym_trainer_is_finished", 2,
       [](World& w) {
         const auto trainer = w.pick<signsym_trainer>();
         const int32_t finished = signsym_trainer_is_finished(trainer.handle);
         w.expect(finished == 0 || (finished == 1 && trainer.valid), "a trainer that is finished");
       }},
      {"signsym_trainer_learning_rate", 2,
       [](World& w) {
         const auto trainer = w.pick<signsym_trainer>();
         const double rate = signsym_trainer_learning_rate(trainer.handle);
         w.expect(std::isnan(rate) || (trainer.valid && rate >= 0), "the learning rate of a trainer");
       }},
      {"signsym_trainer_set_learning_rate", 2,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const double rate = w.real();
         if (rate <= 0 || std::isinf(rate)) t.must_fail();
         t.done(signsym_trainer_set_learning_rate(trainer, rate, t.error()));
       }},
      {"signsym_trainer_metrics", 3,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const auto format = w.choice(SIGNSYM_BINARY);
         const auto out = t.out<signsym_bytes>();
         t.done(signsym_trainer_metrics(trainer, format, out, t.error()));
       }},
      {"signsym_trainer_checkpoint", 3,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const auto out = t.out<signsym_bytes>();
         t.done(signsym_trainer_checkpoint(trainer, out, t.error()));
       }},
      {"signsym_trainer_save_checkpoint", 1,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const std::string path = w.output();
         t.done(signsym_trainer_save_checkpoint(trainer, t.text(path), t.error()));
       }},
      {"signsym_trainer_restore", 4,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         signsym_bytes* bytes = nullptr;
         std::string data = w.text();
         if (!w.random.once_in(4) && signsym_trainer_checkpoint(trainer, &bytes, nullptr) == SIGNSYM_OK)
           data.assign(signsym_bytes_data(bytes), signsym_bytes_size(bytes));
         signsym_bytes_free(bytes);
         if (w.random.once_in(3) && !data.empty()) data[w.random.below(data.size())] ^= static_cast<char>(1 + w.random.below(255));
         if (w.random.once_in(6)) data.resize(w.random.below(data.size() + 1));
         uint64_t size = data.size();
         if (w.random.once_in(8)) size = w.random.one_of<uint64_t>({0, UINT64_MAX, UINT64_MAX - 1, uint64_t{1} << 63});
         if (size == 0 || size > data.size()) t.must_fail();
         const std::string source = w.text();
         const char* const name = maybe(source, w);
         // Of just its size, so that a byte read beyond it is noticed.
         const std::unique_ptr<char[]> exact(new char[data.size() + 1]);
         std::memcpy(exact.get(), data.data(), data.size());
         t.done(signsym_trainer_restore(trainer, t.pointer(exact.get()), size, name, t.error()));
       }},
      {"signsym_trainer_model", 3,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const auto out = t.out<signsym_model>();
         t.done(signsym_trainer_model(trainer, out, t.error()));
       }},
      {"signsym_trainer_config", 2,
       [](World& w) {
         Try t(w);
         const auto trainer = t.handle<signsym_trainer>();
         const auto out = t.out<signsym_config>();
         t.done(signsym_trainer_config(trainer, out, t.error()));
       }},
      {"signsym_trainer_free", 3, [](World& w) { free_trainer(w, w.pick<signsym_trainer>()); }},
  };
  calls.insert(calls.end(), mine.begin(), mine.end());
}
