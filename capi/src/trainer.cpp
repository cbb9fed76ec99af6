#include <atomic>

#include "bytes.h"
#include "cancel.h"
#include "config.h"
#include "event.h"
#include "guard.h"
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
      throw Error(Status::busy, "trainer is in use by another call; signsym_trainer_free, signsym_trainer_config and "
                                "signsym_cancel_set are legal meanwhile");
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
  signsym_event* handle = adopt<signsym_event>(std::make_shared<EventObject>(EventObject{&event, {}}));
  struct Release {
    signsym_event* handle;
    ~Release() { release(handle); }
  } release_after{handle};
  std::string failure;
  try {
    const int result = callback.function(handle, callback.user_data.get());
    if (result == 0) return true;
    failure = "returned " + std::to_string(result);
  } catch (const std::exception& error) {
    failure = std::string("threw an exception: ") + error.what();
  } catch (...) {
    failure = "threw an exception";
  }
  if (object.failure.empty()) object.failure = "the event callback " + failure + "; the run was stopped";
  return false;
}

signsym_trainer* make_trainer(std::unique_ptr<Trainer> trainer) {
  auto object = std::make_shared<TrainerObject>();
  object->trainer = std::move(trainer);
  // The trainer is a part of the object: no owning pointer back.
  object->trainer->on_event([raw = object.get()](const Event& event) { return call_host(*raw, event); });
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

signsym_status signsym_trainer_resume(const char* folder, const signsym_config* config, signsym_trainer** out,
                                      signsym_error** error) {
  return guard(error, [&] {
    require(folder, "folder");
    require(out, "out");
    const std::shared_ptr<Config> given = config ? get(config, "config") : nullptr;
    *out = make_trainer(Trainer::resume(folder, given.get()));
  });
}

signsym_status signsym_trainer_on_event(signsym_trainer* trainer, signsym_event_fn function, void* user_data,
                                        signsym_destroy_fn destroy, signsym_error** error) {
  Callback callback{function, nullptr};  // then the replaced one: it goes when the trainer is no longer in use
  return guard(error, [&] {
    // First of all, so that destroy is called on every path. What a C++ host's throws ends here.
    callback.user_data = std::shared_ptr<void>(user_data, [destroy](void* data) {
      try {
        if (destroy) destroy(data);
      } catch (...) {
      }
    });
    require(reinterpret_cast<const void*>(function), "function");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    std::swap(object->callback, callback);
  });
}

signsym_status signsym_trainer_run(signsym_trainer* trainer, signsym_cancel* cancel, signsym_error** error) {
  return guard(error, [&] {
    const auto object = get(trainer, "trainer");
    const Use use(object);
    const std::function<bool()> by_token = cancel ? cancel_check(cancel) : std::function<bool()>{};
    object->failure.clear();
    const RunEnd how = object->trainer->run([&] { return object->freed || (by_token && by_token()); });
    if (!object->failure.empty()) throw Error(Status::callback_failed, object->failure);
    if (how == RunEnd::cancelled) throw Error(Status::cancelled, "the run was cancelled");
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

signsym_status signsym_trainer_load_weights(signsym_trainer* trainer, const char* path, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    read_weights(path, object->trainer->learner().model());
  });
}

signsym_status signsym_trainer_save_weights(signsym_trainer* trainer, const char* path, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    const auto object = get(trainer, "trainer");
    const Use use(object);
    write_weights(path, object->trainer->learner().model());
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
  if (const auto object = release(trainer)) object->freed = true;
}

}  // extern "C"
