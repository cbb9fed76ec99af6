#include <atomic>
#include <cmath>

#include "bytes.h"
#include "callback.h"
#include "cancel.h"
#include "config.h"
#include "data/host_memory.h"
#include "dataset.h"
#include "event.h"
#include "guard.h"
#include "model.h"
#include "tensor.h"
#include "train/trainer.h"

using namespace signsym;
using namespace signsym::capi;

namespace signsym::capi {

// A host's function, and its data with their destroy.
struct Callback {
  signsym_event_fn function = nullptr;
  std::shared_ptr<void> user_data;
};

struct TrainerObject {
  Callback callback;  // outlives the trainer: its destroy says that all is gone
  std::unique_ptr<Trainer> trainer;
  std::string failure;  // of the callback in this run: the first
  std::atomic<bool> busy{false};
  std::atomic<bool> freed{false};
};

template <>
struct Handled<signsym_trainer> {
  using Object = TrainerObject;
  static constexpr HandleType type = HandleType::trainer;
};

}  // namespace signsym::capi

namespace {

// Holds the trainer for one call; another thread's call meanwhile is answered with busy.
class Use {
 public:
  explicit Use(const std::shared_ptr<TrainerObject>& object) : object_(object) {
    if (object_->busy.exchange(true))
      throw Error(Status::busy, "trainer is in use by another call; meanwhile signsym_trainer_free, _config, _metrics, "
                                "_is_finished, _model, _pause, _learning_rate and _set_learning_rate are legal, and "
                                "signsym_cancel_set");
  }
  ~Use() { object_->busy = false; }
  Use(const Use&) = delete;

 private:
  std::shared_ptr<TrainerObject> object_;
};

// Tells the host; false to stop. What a C++ host throws counts as a non-zero return.
bool call_host(TrainerObject& object, const Event& event) {
  const Callback& callback = object.callback;
  if (!callback.function) return true;
  if (exiting()) return false;
  signsym_event* handle = adopt<signsym_event>(std::make_shared<EventObject>(EventObject{&event, {}}));
  struct Release {
    signsym_event* handle;
    ~Release() { release(handle); }
  } release_after{handle};
  const std::string failure = failure_of([&] { return callback.function(handle, callback.user_data.get()); });
  if (forked()) check_process();
  if (failure.empty()) return true;
  if (object.failure.empty()) object.failure = "the event callback " + failure + "; the run was stopped";
  return false;
}

TrainerParts parts_of(signsym_model* model, signsym_dataset* training, signsym_dataset* held_out) {
  TrainerParts parts;
  if (model) parts.network = get(model, "model");
  if (training) parts.training = get(training, "training")->set;
  if (held_out) parts.held_out = get(held_out, "held_out")->set;
  return parts;
}

signsym_trainer* make_trainer(std::unique_ptr<Trainer> trainer) {
  auto object = std::make_shared<TrainerObject>();
  object->trainer = std::move(trainer);
  // The trainer is a part of the object: no owning pointer back.
  object->trainer->reporter().listen([raw = object.get()](const Event& event) { return call_host(*raw, event); });
  return adopt<signsym_trainer>(std::move(object));
}

}  // namespace

extern "C" {

signsym_status signsym_trainer_create(const signsym_config* config, signsym_trainer** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_trainer(std::make_unique<Trainer>(*get(config, "config")));
  });
}

signsym_status signsym_trainer_create_from_file(const char* path, signsym_trainer** out, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    require(out, "out");
    *out = make_trainer(std::make_unique<Trainer>(Config::read(path)));
  });
}

signsym_status signsym_trainer_create_with(const signsym_config* config, signsym_model* model,
                                           signsym_dataset* training, signsym_dataset* held_out,
                                           signsym_trainer** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_trainer(std::make_unique<Trainer>(*get(config, "config"), parts_of(model, training, held_out)));
  });
}

signsym_status signsym_trainer_resume(const char* folder, const signsym_config* config, signsym_trainer** out,
                                      signsym_error** error) {
  return signsym_trainer_resume_with(folder, config, nullptr, nullptr, out, error);
}

signsym_status signsym_trainer_resume_with(const char* folder, const signsym_config* config, signsym_dataset* training,
                                           signsym_dataset* held_out, signsym_trainer** out, signsym_error** error) {
  return guard(error, [&] {
    require(folder, "folder");
    require(out, "out");
    const std::shared_ptr<Config> given = config ? get(config, "config") : nullptr;
    *out = make_trainer(Trainer::resume(folder, given.get(), parts_of(nullptr, training, held_out)));
  });
}

signsym_status signsym_trainer_on_event(signsym_trainer* trainer, signsym_event_fn function, void* user_data,
                                        signsym_destroy_fn destroy, signsym_error** error) {
  Callback callback{function, nullptr};  // then the replaced one: it goes when the trainer is no longer in use
  return guard_owning(user_data, destroy, error, [&](std::shared_ptr<void> data) {
    callback.user_data = std::move(data);
    require(reinterpret_cast<const void*>(function), "function");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    std::swap(object->callback, callback);
  });
}

signsym_status signsym_trainer_run(signsym_trainer* trainer, signsym_cancel* cancel, signsym_error** error) {
  return signsym_trainer_run_for(trainer, 0, 0, cancel, error);
}

signsym_status signsym_trainer_run_for(signsym_trainer* trainer, int64_t epochs, int64_t steps, signsym_cancel* cancel,
                                       signsym_error** error) {
  return guard(error, [&] {
    if (epochs < 0 || steps < 0)
      throw Error(Status::invalid_argument, std::string(epochs < 0 ? "epochs" : "steps") + ": " +
                                                std::to_string(epochs < 0 ? epochs : steps) +
                                                " is out of range: 0 (no limit) or more is expected");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    const std::function<bool()> by_token = cancel ? cancel_check(cancel) : std::function<bool()>{};
    object->failure.clear();
    const RunEnd how =
        object->trainer->run([&] { return object->freed || exiting() || (by_token && by_token()); }, {epochs, steps});
    if (!object->failure.empty()) throw Error(Status::callback_failed, object->failure);
    // Stopped without a failure: the process ends, and its callback is not called any more.
    if (how == RunEnd::cancelled || how == RunEnd::stopped) throw Error(Status::cancelled, "the run was cancelled");
  });
}

void signsym_trainer_pause(signsym_trainer* trainer) {
  if (const auto object = find(trainer)) object->trainer->pause();
}

signsym_status signsym_trainer_limit_events(signsym_trainer* trainer, double step_events_per_second,
                                            signsym_error** error) {
  return guard(error, [&] {
    if (!(step_events_per_second >= 0) || std::isinf(step_events_per_second))
      throw Error(Status::invalid_argument, "step_events_per_second: " + std::to_string(step_events_per_second) +
                                                " is out of range: 0 (all) or a finite number > 0 is expected");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    object->trainer->reporter().limit_step_events(step_events_per_second);
  });
}

signsym_status signsym_trainer_evaluate(signsym_trainer* trainer, double* loss, double* top1, double* top5,
                                        int64_t* samples, signsym_error** error) {
  return guard(error, [&] {
    const auto object = get(trainer, "trainer");
    const Use use(object);
    const Evaluation result = object->trainer->evaluate();
    if (loss) *loss = result.loss;
    if (top1) *top1 = result.top1;
    if (top5) *top5 = result.top5;
    if (samples) *samples = result.samples;
  });
}

signsym_status signsym_trainer_step(signsym_trainer* trainer, const DLTensor* samples, const DLTensor* labels,
                                    signsym_layout layout, double* loss, signsym_error** error) {
  return guard(error, [&] {
    require(samples, "samples");
    require(labels, "labels");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    const auto batch = open_host_memory({view_tensor(samples, "samples"), to_layout(layout),
                                         view_tensor(labels, "labels"), object->trainer->network()->model().classes(), {}});
    const StepResult result = object->trainer->step(*batch);
    if (loss) *loss = result.loss;
  });
}

int32_t signsym_trainer_is_finished(const signsym_trainer* trainer) {
  const auto object = find(trainer);
  return object && object->trainer->metrics().finished ? 1 : 0;
}

double signsym_trainer_learning_rate(const signsym_trainer* trainer) {
  const auto object = find(trainer);
  return object ? object->trainer->metrics().learning_rate : std::nan("");
}

signsym_status signsym_trainer_set_learning_rate(signsym_trainer* trainer, double rate, signsym_error** error) {
  return guard(error, [&] { get(trainer, "trainer")->trainer->set_learning_rate(rate); });
}

signsym_status signsym_trainer_metrics(const signsym_trainer* trainer, signsym_format format, signsym_bytes** out,
                                       signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = make_bytes(write(get(trainer, "trainer")->trainer->metrics(), static_cast<Format>(format)));
  });
}

signsym_status signsym_trainer_checkpoint(signsym_trainer* trainer, signsym_bytes** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    *out = make_bytes(object->trainer->checkpoint());
  });
}

signsym_status signsym_trainer_save_checkpoint(signsym_trainer* trainer, const char* path, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    object->trainer->save_checkpoint(path);
  });
}

signsym_status signsym_trainer_restore(signsym_trainer* trainer, const char* data, uint64_t size, const char* source,
                                       signsym_error** error) {
  return guard(error, [&] {
    require(data, "data");
    if (size > std::string().max_size())
      throw Error(Status::invalid_argument, "size: " + std::to_string(size) + " bytes are more than memory can have");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    object->trainer->restore(std::string(data, size), source ? source : "checkpoint");
  });
}

signsym_status signsym_trainer_model(const signsym_trainer* trainer, signsym_model** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = adopt<signsym_model>(get(trainer, "trainer")->trainer->network());
  });
}

signsym_status signsym_trainer_config(const signsym_trainer* trainer, signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    // The config does not change once the trainer is made: legal during a run.
    *out = adopt<signsym_config>(std::make_shared<Config>(get(trainer, "trainer")->trainer->config()));
  });
}

void signsym_trainer_free(signsym_trainer* trainer) {
  const InLibrary inside;
  if (!inside.may_free()) return;
  if (const auto object = release(trainer)) object->freed = true;
}

}  // extern "C"
