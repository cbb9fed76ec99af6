// signsym for C++17: <signsym/signsym.h> with handles that free themselves, errors that are thrown, and callbacks that
// are functions. Header-only; no header of LibTorch or Protobuf is needed.
//
//   auto trainer = signsym::Trainer::from_file("cifar10.textproto");
//   trainer.on_event([](const signsym::Event& e) { std::cout << e.epoch() << ' ' << e.top1() << '\n'; });
//   trainer.run();                                                 // throws signsym::Error
//
// Objects are movable and not copyable; a moved-from one answers with SIGNSYM_INVALID_HANDLE, or as a NULL tensor with
// SIGNSYM_INVALID_ARGUMENT. Threads and lifetimes are
// those that signsym.h has. What a callback throws stops the run; run() then throws signsym::Error with
// SIGNSYM_CALLBACK_FAILED, whose message has the what() of the first.
#ifndef SIGNSYM_SIGNSYM_HPP
#define SIGNSYM_SIGNSYM_HPP

#include <signsym/signsym.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signsym {

// A failed call: what() says in words what was expected, what was found and what to do.
class Error : public std::runtime_error {
 public:
  Error(signsym_status status, const std::string& message, std::string field)
      : std::runtime_error(message), status_(status), field_(std::move(field)) {}
  signsym_status status() const { return status_; }
  // Path of the config's field at fault, or "".
  const std::string& field_path() const { return field_; }

 private:
  signsym_status status_;
  std::string field_;
};

namespace detail {

// Calls f(…, signsym_error**) and throws what it reports.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  signsym_error* error = nullptr;
  const signsym_status status = function(arguments..., &error);
  if (status == SIGNSYM_OK) return;
  const Error thrown(status, signsym_error_message(error), signsym_error_field(error));
  signsym_error_free(error);
  throw thrown;
}

// The same where the last argument but one is a new handle.
template <class Handle, class Function, class... Arguments>
Handle* make(Function function, Arguments... arguments) {
  Handle* handle = nullptr;
  call(function, arguments..., &handle);
  return handle;
}

template <auto free_handle>
struct Free {
  template <class Handle>
  void operator()(Handle* handle) const {
    free_handle(handle);
  }
};

// What `function` wrote, as a string of bytes.
template <class Function, class... Arguments>
std::string bytes(Function function, Arguments... arguments) {
  const std::unique_ptr<signsym_bytes, Free<signsym_bytes_free>> out(make<signsym_bytes>(function, arguments...));
  return {signsym_bytes_data(out.get()), signsym_bytes_size(out.get())};
}

}  // namespace detail

// "0.1.0".
inline std::string version() { return signsym_version(); }
// That of the library; SIGNSYM_VERSION_* are those of the header.
inline int32_t abi_version() { return signsym_abi_version(); }
// "SIGNSYM_IO" and so on.
inline std::string status_name(signsym_status status) { return signsym_status_name(status); }
// JSON: versions, processor features, defaults of this machine.
inline std::string build_info(signsym_format format = SIGNSYM_JSON) {
  return detail::bytes(signsym_build_info, format);
}

// A tensor that its holder frees: memory of the application's, or a result.
class Tensor {
 public:
  explicit Tensor(DLManagedTensorVersioned* tensor) : tensor_(tensor) {}

  // Over `data`, which must outlive it: {n, 3, 32, 32}. `strides` in values, as many as `shape` has; none: compact.
  // `owner` is held until the tensor has gone.
  static Tensor view(void* data, signsym_type type, const std::vector<int64_t>& shape,
                     const std::vector<int64_t>& strides = {}, std::shared_ptr<const void> owner = nullptr) {
    using Owner = std::shared_ptr<const void>;
    if (!strides.empty() && strides.size() != shape.size())
      throw Error(SIGNSYM_INVALID_ARGUMENT, "strides: " + std::to_string(strides.size()) + " were given for " +
                                                std::to_string(shape.size()) + " dimensions", "");
    const signsym_destroy_fn destroy = [](void* user) { delete static_cast<Owner*>(user); };
    return Tensor(detail::make<DLManagedTensorVersioned>(
        signsym_tensor_wrap, data, type, shape.data(), strides.empty() ? nullptr : strides.data(),
        static_cast<int32_t>(shape.size()), static_cast<void*>(owner ? new Owner(std::move(owner)) : nullptr), destroy));
  }
  static Tensor view(std::vector<float>& values, const std::vector<int64_t>& shape) {
    return view(values.data(), SIGNSYM_F32, shape);
  }
  static Tensor view(std::vector<uint8_t>& values, const std::vector<int64_t>& shape) {
    return view(values.data(), SIGNSYM_U8, shape);
  }
  static Tensor view(std::vector<int64_t>& labels) {
    return view(labels.data(), SIGNSYM_I64, {static_cast<int64_t>(labels.size())});
  }

  std::vector<int64_t> shape() const {
    return dl() ? std::vector<int64_t>(dl()->shape, dl()->shape + dl()->ndim) : std::vector<int64_t>();
  }
  // Of the first value; float32 for results of predict(). A moved-from tensor has none: nullptr.
  template <class Value = float>
  const Value* data() const {
    return dl() ? reinterpret_cast<const Value*>(static_cast<const char*>(dl()->data) + dl()->byte_offset) : nullptr;
  }
  const DLTensor* dl() const { return tensor_ ? &tensor_->dl_tensor : nullptr; }
  DLManagedTensorVersioned* get() const { return tensor_.get(); }
  DLManagedTensorVersioned* release() { return tensor_.release(); }

 private:
  std::unique_ptr<DLManagedTensorVersioned, detail::Free<signsym_tensor_free>> tensor_;
};

// An Experiment message (proto/signsym/v1/experiment.proto).
class Config {
 public:
  explicit Config(signsym_config* handle) : handle_(handle) {}
  static Config parse(std::string_view bytes, signsym_format format = SIGNSYM_TEXT, const char* source = nullptr) {
    return Config(detail::make<signsym_config>(signsym_config_create, bytes.data(), uint64_t{bytes.size()}, format, source));
  }
  static Config from_file(const std::string& path) {
    return Config(detail::make<signsym_config>(signsym_config_create_from_file, path.c_str()));
  }
  static Config from_run(const std::string& folder) {
    return Config(detail::make<signsym_config>(signsym_config_create_from_run, folder.c_str()));
  }

  Config& set(const std::string& path, const std::string& value) {
    detail::call(signsym_config_set, get(), path.c_str(), value.c_str());
    return *this;
  }
  Config copy() const { return Config(detail::make<signsym_config>(signsym_config_copy, get())); }
  void check() const { detail::call(signsym_config_check, get()); }
  Config resolved() const { return Config(detail::make<signsym_config>(signsym_config_resolve, get())); }
  std::string write(signsym_format format = SIGNSYM_TEXT) const {
    return detail::bytes(signsym_config_write, get(), format);
  }
  std::string hash() const { return detail::bytes(signsym_config_hash, get()); }
  signsym_config* get() const { return handle_.get(); }

 private:
  std::unique_ptr<signsym_config, detail::Free<signsym_config_free>> handle_;
};

// Ends runs early, from any thread.
class CancelToken {
 public:
  CancelToken() : handle_(detail::make<signsym_cancel>(signsym_cancel_create)) {}
  void cancel() { signsym_cancel_set(get()); }
  bool is_cancelled() const { return signsym_cancel_is_set(get()) != 0; }
  signsym_cancel* get() const { return handle_.get(); }

 private:
  std::unique_ptr<signsym_cancel, detail::Free<signsym_cancel_free>> handle_;
};

// Samples with labels.
class Dataset {
 public:
  // Writes sample `index` and returns its label.
  using SampleFunction = std::function<int64_t(int64_t index, void* sample)>;

  explicit Dataset(signsym_dataset* handle) : handle_(handle) {}
  static Dataset from_config(const Config& config, signsym_part part) {
    return Dataset(detail::make<signsym_dataset>(signsym_dataset_create_from_config, config.get(), part));
  }
  // In place: what the tensors show must not change while the set is used.
  static Dataset from_memory(Tensor samples, Tensor labels, int64_t classes, signsym_layout layout = SIGNSYM_NCHW) {
    Dataset set(detail::make<signsym_dataset>(signsym_dataset_create_from_memory, samples.get(), labels.get(), layout,
                                              classes));
    samples.release();
    labels.release();
    return set;
  }
  static Dataset from_callback(int64_t size, int64_t classes, const std::vector<int64_t>& shape, signsym_type type,
                               SampleFunction function, bool concurrent = false, signsym_layout layout = SIGNSYM_NCHW) {
    const signsym_sample_fn call = [](int64_t index, void* sample, int64_t* label, void* user) {
      *label = (*static_cast<SampleFunction*>(user))(index, sample);
      return 0;
    };
    const signsym_destroy_fn destroy = [](void* user) { delete static_cast<SampleFunction*>(user); };
    return Dataset(detail::make<signsym_dataset>(
        signsym_dataset_create_from_callback, size, classes, shape.data(), static_cast<int32_t>(shape.size()), type,
        layout, static_cast<int32_t>(concurrent), call, static_cast<void*>(new SampleFunction(std::move(function))),
        destroy));
  }

  int64_t size() const { return signsym_dataset_size(get()); }
  int64_t classes() const { return signsym_dataset_classes(get()); }
  // Channels, height, width.
  std::vector<int64_t> shape() const {
    return {signsym_dataset_shape(get(), 0), signsym_dataset_shape(get(), 1), signsym_dataset_shape(get(), 2)};
  }
  signsym_dataset* get() const { return handle_.get(); }

 private:
  std::unique_ptr<signsym_dataset, detail::Free<signsym_dataset_free>> handle_;
};

// Of a layer's feedback weight B with its weight W.
struct Alignment {
  double angle = 0;       // degrees between B and W
  double norm_ratio = 1;  // ‖B‖/‖W‖
};

// Layers with their weights and rules.
class Model {
 public:
  explicit Model(signsym_model* handle) : handle_(handle) {}
  explicit Model(const Config& config) : handle_(detail::make<signsym_model>(signsym_model_create, config.get())) {}
  // A run folder or a checkpoint file.
  static Model load(const std::string& path) {
    return Model(detail::make<signsym_model>(signsym_model_load, path.c_str()));
  }

  void load_weights(const std::string& path) { detail::call(signsym_model_load_weights, get(), path.c_str()); }
  void save_weights(const std::string& path) const { detail::call(signsym_model_save_weights, get(), path.c_str()); }
  Config config() const { return Config(detail::make<signsym_config>(signsym_model_config, get())); }
  // (N, classes) of float.
  Tensor predict(const Tensor& samples, signsym_predict_flags flags = 0, signsym_layout layout = SIGNSYM_NCHW) const {
    return Tensor(
        detail::make<DLManagedTensorVersioned>(signsym_model_predict, get(), samples.dl(), layout, flags));
  }

  // Of parameters and buffers.
  std::vector<std::string> tensor_names() const {
    return names(signsym_model_tensor_count(get()), signsym_model_tensor_name);
  }
  std::vector<std::string> parameter_names() const {
    std::vector<std::string> all;
    for (int64_t i = 0; i < signsym_model_tensor_count(get()); ++i)
      if (signsym_model_tensor_is_parameter(get(), i)) all.emplace_back(signsym_model_tensor_name(get(), i));
    return all;
  }
  Tensor tensor(const std::string& name) const {
    return Tensor(detail::make<DLManagedTensorVersioned>(signsym_model_tensor, get(), name.c_str()));
  }
  void set_tensor(const std::string& name, const Tensor& values) {
    detail::call(signsym_model_set_tensor, get(), name.c_str(), values.dl());
  }
  void replace_head(int64_t classes) { detail::call(signsym_model_replace_head, get(), classes); }
  void freeze(const std::string& pattern, bool frozen = true) {
    detail::call(signsym_model_freeze, get(), pattern.c_str(), static_cast<int32_t>(frozen));
  }

  std::vector<std::string> layer_names() const {
    return names(signsym_model_layer_count(get()), signsym_model_layer_name);
  }
  // Of each layer: "SIGN_SYMMETRY".
  std::vector<std::string> layer_rules() const {
    return names(signsym_model_layer_count(get()), signsym_model_layer_rule);
  }
  Alignment alignment(const std::string& layer) const {
    Alignment result;
    detail::call(signsym_model_alignment, get(), layer.c_str(), &result.angle, &result.norm_ratio);
    return result;
  }
  Tensor feedback_weight(const std::string& layer) const {
    return Tensor(detail::make<DLManagedTensorVersioned>(signsym_model_feedback_weight, get(), layer.c_str()));
  }
  signsym_model* get() const { return handle_.get(); }

 private:
  std::vector<std::string> names(int64_t count, const char* (*name)(const signsym_model*, int64_t)) const {
    std::vector<std::string> all;
    for (int64_t i = 0; i < count; ++i) all.emplace_back(name(get(), i));
    return all;
  }

  std::unique_ptr<signsym_model, detail::Free<signsym_model_free>> handle_;
};

// What a run tells: valid during the callback.
class Event {
 public:
  explicit Event(const signsym_event* event) : event_(event) {}
  signsym_event_kind kind() const { return signsym_event_type(event_); }
  int64_t epoch() const { return signsym_event_epoch(event_); }
  int64_t epochs() const { return signsym_event_epochs(event_); }
  int64_t step() const { return signsym_event_step(event_); }
  int64_t step_in_epoch() const { return signsym_event_step_in_epoch(event_); }
  int64_t steps_per_epoch() const { return signsym_event_steps_per_epoch(event_); }
  double loss() const { return signsym_event_loss(event_); }
  double top1() const { return signsym_event_top1(event_); }
  double top5() const { return signsym_event_top5(event_); }
  double train_top1() const { return signsym_event_train_top1(event_); }
  double learning_rate() const { return signsym_event_learning_rate(event_); }
  double samples_per_second() const { return signsym_event_samples_per_second(event_); }
  double seconds() const { return signsym_event_seconds(event_); }
  std::string_view text() const { return signsym_event_text(event_); }
  std::string_view json() const { return signsym_event_json(event_); }

 private:
  const signsym_event* event_;
};

// Of the held-out part.
struct Evaluation {
  double loss = std::numeric_limits<double>::quiet_NaN();
  double top1 = loss, top5 = loss;  // percent
  int64_t samples = 0;
};

// A run: whole, in parts, or step by step.
class Trainer {
 public:
  explicit Trainer(signsym_trainer* handle) : handle_(handle) {}
  explicit Trainer(const Config& config) : handle_(detail::make<signsym_trainer>(signsym_trainer_create, config.get())) {}
  // Each part may be null: the config's own.
  Trainer(const Config& config, Model* model, Dataset* training, Dataset* held_out)
      : handle_(detail::make<signsym_trainer>(signsym_trainer_create_with, config.get(), model ? model->get() : nullptr,
                                              training ? training->get() : nullptr,
                                              held_out ? held_out->get() : nullptr)) {}
  static Trainer from_file(const std::string& path) {
    return Trainer(detail::make<signsym_trainer>(signsym_trainer_create_from_file, path.c_str()));
  }
  // `config`: null, or the run's with other places. A run on data of the program's needs them again.
  static Trainer resume(const std::string& folder, const Config* config = nullptr, Dataset* training = nullptr,
                        Dataset* held_out = nullptr) {
    return Trainer(detail::make<signsym_trainer>(signsym_trainer_resume_with, folder.c_str(),
                                                 config ? config->get() : nullptr, training ? training->get() : nullptr,
                                                 held_out ? held_out->get() : nullptr));
  }

  // Called on the thread that runs. Throwing stops the run after its step.
  void on_event(std::function<void(const Event&)> listener) {
    using Listener = std::function<void(const Event&)>;
    const signsym_event_fn call = [](const signsym_event* event, void* user) {
      (*static_cast<Listener*>(user))(Event(event));
      return 0;
    };
    const signsym_destroy_fn destroy = [](void* user) { delete static_cast<Listener*>(user); };
    detail::call(signsym_trainer_on_event, get(), call, static_cast<void*>(new Listener(std::move(listener))), destroy);
  }
  void limit_events(double step_events_per_second) {
    detail::call(signsym_trainer_limit_events, get(), step_events_per_second);
  }

  // False where it was cancelled or paused before the end.
  bool run(const CancelToken* cancel = nullptr) { return run_for(0, 0, cancel); }
  // At most so many epochs and steps; 0: no limit.
  bool run_for(int64_t epochs, int64_t steps, const CancelToken* cancel = nullptr) {
    try {
      detail::call(signsym_trainer_run_for, get(), epochs, steps, cancel ? cancel->get() : nullptr);
    } catch (const Error& error) {
      if (error.status() != SIGNSYM_CANCELLED) throw;
    }
    return is_finished();
  }
  void pause() { signsym_trainer_pause(get()); }
  bool is_finished() const { return signsym_trainer_is_finished(get()) != 0; }

  // The batch's loss before the step.
  double step(const Tensor& samples, const Tensor& labels, signsym_layout layout = SIGNSYM_NCHW) {
    double loss = 0;
    detail::call(signsym_trainer_step, get(), samples.dl(), labels.dl(), layout, &loss);
    return loss;
  }
  Evaluation evaluate() {
    Evaluation result;
    detail::call(signsym_trainer_evaluate, get(), &result.loss, &result.top1, &result.top5, &result.samples);
    return result;
  }
  double learning_rate() const { return signsym_trainer_learning_rate(get()); }
  // Nothing: the schedule's again.
  void set_learning_rate(std::optional<double> rate) {
    detail::call(signsym_trainer_set_learning_rate, get(), rate.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  std::string metrics(signsym_format format = SIGNSYM_JSON) const {
    return detail::bytes(signsym_trainer_metrics, get(), format);
  }
  std::string checkpoint() { return detail::bytes(signsym_trainer_checkpoint, get()); }
  void save_checkpoint(const std::string& path) { detail::call(signsym_trainer_save_checkpoint, get(), path.c_str()); }
  void restore(std::string_view checkpoint, const char* source = nullptr) {
    detail::call(signsym_trainer_restore, get(), checkpoint.data(), uint64_t{checkpoint.size()}, source);
  }
  Model model() const { return Model(detail::make<signsym_model>(signsym_trainer_model, get())); }
  Config config() const { return Config(detail::make<signsym_config>(signsym_trainer_config, get())); }
  signsym_trainer* get() const { return handle_.get(); }

 private:
  std::unique_ptr<signsym_trainer, detail::Free<signsym_trainer_free>> handle_;
};

}  // namespace signsym

#endif
