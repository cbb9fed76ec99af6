#include "train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "train/alignment.h"
#include "train/describe.h"
#include "train/factory.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

// What LibTorch keeps for the whole process: set for the time of a call, then as it was.
class ProcessSettings {
 public:
  explicit ProcessSettings(const v1::Compute& compute)
      : threads_(at::get_num_threads()), deterministic_(at::globalContext().deterministicCuDNN()) {
    if (compute.has_threads()) at::set_num_threads(compute.threads());
    // On the CPU every operation used here gives the same bits from run to run as it is.
    if (compute.device() == v1::Device::CUDA) at::globalContext().setDeterministicCuDNN(compute.deterministic());
  }
  ~ProcessSettings() {
    if (at::get_num_threads() != threads_) at::set_num_threads(threads_);
    if (at::globalContext().deterministicCuDNN() != deterministic_)
      at::globalContext().setDeterministicCuDNN(deterministic_);
  }
  ProcessSettings(const ProcessSettings&) = delete;

 private:
  int threads_;
  bool deterministic_;
};

// The loader's memory as a tensor, without a copy: the one place that knows that batches lie in host memory.
Tensor pixels_of(const Batch& batch, SampleShape s, Layout layout) {
  const std::vector<int64_t> sizes{batch.size, s.channels, s.height, s.width};
  float* data = const_cast<float*>(batch.pixels);
  if (layout == Layout::nchw) return at::from_blob(data, sizes, at::kFloat);
  return at::from_blob(data, sizes, {s.size(), 1, s.width * s.channels, s.channels}, at::kFloat);
}

Tensor labels_of(const Batch& batch) {
  return at::from_blob(const_cast<int64_t*>(batch.labels), {batch.size}, at::kLong);
}

Layout layout_of(const v1::Compute& compute) {
  return compute.memory_format() == v1::MemoryFormat::CHANNELS_LAST ? Layout::nhwc : Layout::nchw;
}

double median(std::vector<double> values) {
  if (values.empty()) return NAN;
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double percent(int64_t part, int64_t whole) { return whole > 0 ? 100.0 * part / whole : NAN; }

// Says where in the config's source the field at fault stands.
template <typename F>
void locating_errors(const Config& config, F make) {
  try {
    make();
  } catch (const Error& error) {
    const std::string message = error.what(), &field = error.field();
    if (error.status() != Status::invalid_config || field.empty() || message.rfind(field, 0) != 0) throw;
    throw Error(error.status(), config.where(field) + message.substr(field.size()), field);
  }
}

}  // namespace

// ---- from a config ----

Trainer::Trainer(const Config& config) {
  build(config);
  const std::string& folder = config_.experiment().output().folder();
  if (!folder.empty()) folder_ = RunFolder::create(folder, config_.write(Format::text));
}

std::unique_ptr<Trainer> Trainer::resume(const fs::path& folder, const Config* given) {
  std::unique_ptr<Trainer> trainer(new Trainer);
  trainer->folder_ = RunFolder::open(folder);
  const Config recorded = Config::read(RunFolder::config_file(folder).string());
  Config config = given ? *given : recorded;
  config.experiment().mutable_output()->set_folder(folder.string());
  trainer->build(config);
  if (trainer->config_.hash() != recorded.hash())  // as completed, so that the config that the run began with is its own
    throw Error(Status::invalid_config,
                folder.string() + ": the config given differs from the run's in more than places (paths); a run goes on "
                                  "as it began: train into another folder instead");
  trainer->restore_newest();
  return trainer;
}

void Trainer::build(const Config& config) {
  config_ = config.resolved();
  locating_errors(config_, [&] {
    v1::Experiment& e = config_.experiment();
    open_data();
    complete(e, training_set_.get());

    ModelOptions options;
    options.device = e.compute().device() == v1::Device::CUDA ? c10::kCUDA : c10::kCPU;
    options.compute_type = e.compute().precision() == v1::Precision::BF16 ? at::kBFloat16 : at::kFloat;
    options.memory_format = layout_of(e.compute()) == Layout::nhwc ? c10::MemoryFormat::ChannelsLast
                                                                   : c10::MemoryFormat::Contiguous;
    options.initialization = make_initialization(e.model());
    options.seed = e.seed();
    auto model = std::make_unique<Model>(make_graph(e.model()), options);
    const v1::Model& m = e.model();
    if (!m.weights().empty()) read_weights(m.weights(), *model, {m.weights_except().begin(), m.weights_except().end()});
    model->set_feedback(make_feedback_rules(e.feedback(), model->layers()), e.seed());
    freeze_parameters(e.optimizer(), *model);
    auto optimizer = make_optimizer(e.optimizer(), *model);
    learner_ = std::make_unique<Learner>(std::move(model), std::move(optimizer), make_loss(e.loss()));
    schedule_ = make_schedule(e.optimizer().schedule());

    const auto loader = [&](const std::shared_ptr<const Dataset>& set, bool training) {
      LoaderOptions load;
      load.batch_size = training ? e.data().batch_size() : e.data().evaluation_batch_size();
      load.threads = e.data().loader_threads();
      load.prefetch = e.data().prefetch();
      load.seed = e.seed();
      load.shuffle = training;
      load.drop_last = training && e.data().drop_last();
      load.layout = layout_of(e.compute());
      return std::make_unique<Loader>(set, Pipeline(make_transforms(e.data()), set->shape(), set->pixel_type(), training), load);
    };
    loader_ = loader(training_set_, true);
    evaluation_loader_ = loader(held_out_set_, false);
  });
}

void Trainer::open_data() {
  const v1::Experiment& e = config_.experiment();
  DataParts parts = open_parts(e.data(), e.seed());
  training_set_ = std::move(parts.training);
  held_out_set_ = std::move(parts.held_out);
}

void Trainer::restore_newest() {
  std::vector<int64_t> steps = folder_->checkpoints();
  std::reverse(steps.begin(), steps.end());
  for (const int64_t step : steps) {
    const fs::path file = folder_->checkpoint_file(step);
    try {
      const Checkpoint checkpoint = read_checkpoint(file);
      if (checkpoint.header.config_hash != config_.hash())
        throw Error(Status::mismatch, file.string() + ": it was saved under another config than " +
                                          RunFolder::config_file(folder_->path()).string() +
                                          "; put back the config that the run began with");
      restore(*learner_, checkpoint, file.string());
      progress_ = checkpoint.header.progress;
      seconds_before_ = folder_->seconds_at(progress_.step);
      return;
    } catch (const Error& error) {
      if (error.status() != Status::bad_data) throw;
      notes_.push_back(std::string(error.what()) + "; the one before it is used");
    }
  }
  if (!steps.empty())
    throw Error(Status::bad_data, folder_->path().string() + ": none of its " + std::to_string(steps.size()) +
                                      " checkpoints is whole (" + notes_.front() + "); remove them to begin again");
  // The run ended before its first checkpoint: it begins again.
}

// ---- the run ----

RunEnd Trainer::run(const CancelCheck& cancelled) {
  const ProcessSettings settings(config_.experiment().compute());
  started_ = Clock::now();
  stop_requested_ = false;
  try {
    report_start();
    const RunEnd how = train(cancelled);
    report_end(how == RunEnd::finished ? "finished" : "cancelled", "");
    seconds_before_ = event(EventKind::end).seconds;
    return how;
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    try {
      report_end(known && known->status() == Status::diverged ? "diverged" : "failed", error.what());
    } catch (const std::exception&) {
      // The first error is the one to tell.
    }
    throw;
  }
}

RunEnd Trainer::train(const CancelCheck& cancelled) {
  // The angles of the initial weights; an accuracy by chance is not worth the time before the first step.
  if (progress_.step == 0 && config_.experiment().train().measure_alignment()) report_evaluation(0, {});
  while (!finished()) {
    if (!train_epoch(cancelled)) {
      save_checkpoint();
      return stop_requested_ ? RunEnd::stopped : RunEnd::cancelled;
    }
    finish_epoch();
  }
  if (folder_) write_weights(folder_->model_file(), learner_->model());
  return RunEnd::finished;
}

// To the epoch's end (or the last step that the config allows): true. False when told to stop before.
bool Trainer::train_epoch(const CancelCheck& cancelled) {
  const v1::Experiment& e = config_.experiment();
  meter_ = {};
  meter_.waited_before = loader_->seconds_waited();
  loader_->start(progress_.epoch, progress_.batch);
  while (!told_to_stop(cancelled)) {
    const Clock::time_point begin = Clock::now();
    const Batch* batch = loader_->next();
    if (!batch) return true;
    step(*batch);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    meter_.step_seconds.push_back(seconds);
    meter_.rate = meter_.rate > 0 ? 0.9 * meter_.rate + 0.1 * batch->size / seconds : batch->size / seconds;
    report_step();
    if (e.output().has_checkpoint_every_steps() && progress_.step % e.output().checkpoint_every_steps() == 0)
      save_checkpoint();
    if (finished()) return true;
  }
  return false;
}

template <typename F>
void Trainer::at_step(int64_t step, F compute) {
  try {
    compute();
  } catch (const Error& error) {
    if (error.status() != Status::diverged) throw;
    char rate[32];
    std::snprintf(rate, sizeof rate, "%g", learning_rate_at(step - 1));
    const std::vector<int64_t> saved = folder_ ? folder_->checkpoints() : std::vector<int64_t>{};
    throw Error(Status::diverged,
                "epoch " + std::to_string((step - 1) / loader_->batches_per_epoch() + 1) + ", step " +
                    std::to_string(step) + ", learning rate " + rate + ": " + error.what() +
                    (saved.empty() ? "" : "; the last good state is in " + folder_->checkpoint_file(saved.back()).string()) +
                    ". Try a lower optimizer.learning_rate, a warm-up or optimizer.clip_norm");
  }
}

void Trainer::step(const Batch& batch) {
  const Tensor x = pixels_of(batch, training_set_->shape(), layout_of(config_.experiment().compute()));
  StepResult result;
  at_step(progress_.step + 1, [&] {
    result = learner_->step(x, labels_of(batch), static_cast<uint32_t>(progress_.step), learning_rate_at(progress_.step));
  });
  progress_.loss_sum += result.loss * batch.size;
  progress_.correct += result.correct;
  progress_.samples += batch.size;
  ++progress_.batch;
  ++progress_.step;
  meter_.loss_sum += result.loss * batch.size;
  meter_.samples += batch.size;
  meter_.epoch_samples += batch.size;
  meter_.last_loss = result.loss;
}

void Trainer::finish_epoch() {
  const v1::Experiment& e = config_.experiment();
  Event told = event(EventKind::epoch);
  told.loss = progress_.samples > 0 ? progress_.loss_sum / progress_.samples : NAN;
  told.train_top1 = percent(progress_.correct, progress_.samples);
  told.learning_rate = progress_.step > 0 ? learning_rate_at(progress_.step - 1) : NAN;
  told.step_seconds = median(meter_.step_seconds);
  double busy = 0;
  for (const double seconds : meter_.step_seconds) busy += seconds;
  told.samples_per_second = busy > 0 ? meter_.epoch_samples / busy : NAN;
  told.data_wait_seconds = loader_->seconds_waited() - meter_.waited_before;

  ++progress_.epoch;
  const bool last = finished();
  bool improved = false;
  if (last || progress_.epoch % e.train().evaluate_every_epochs() == 0) {
    Evaluation evaluation;
    at_step(progress_.step, [&] { evaluation = evaluate(); });
    report_evaluation(progress_.epoch, evaluation);
    told.top1 = evaluation.top1;
    told.top5 = evaluation.top5;
    improved = evaluation.top1 > progress_.best_top1;
    if (improved) {
      progress_.best_top1 = evaluation.top1;
      progress_.best_step = progress_.step;
    }
  }
  told.seconds = event(EventKind::epoch).seconds;
  record(told);
  tell(told);
  progress_.batch = 0;
  progress_.loss_sum = 0;
  progress_.correct = progress_.samples = 0;
  if (last || progress_.epoch % e.output().checkpoint_every_epochs() == 0 || (improved && e.output().keep_best()))
    save_checkpoint();
}

Evaluation Trainer::evaluate() {
  const ProcessSettings settings(config_.experiment().compute());
  at::NoGradGuard no_grad;
  const Model& model = learner_->model();
  const c10::Device device = model.options().device;
  Evaluation result;
  int64_t correct = 0, among_five = 0;
  double loss_sum = 0;
  const bool five = held_out_set_->classes() > 5;
  evaluation_loader_->start(0);
  while (const Batch* batch = evaluation_loader_->next()) {
    const Tensor x = pixels_of(*batch, held_out_set_->shape(), layout_of(config_.experiment().compute())).to(device);
    const Tensor labels = labels_of(*batch).to(device);
    const Tensor logits = model.forward(x, /*training=*/false);
    loss_sum += loss_of(learner_->loss(), logits, labels).item<double>() * batch->size;
    correct += logits.argmax(1).eq(labels).sum().item<int64_t>();
    if (five) among_five += std::get<1>(logits.topk(5, 1)).eq(labels.unsqueeze(1)).sum().item<int64_t>();
    result.samples += batch->size;
  }
  if (!std::isfinite(loss_sum)) throw Error(Status::diverged, "the loss on the held-out part is not finite");
  result.loss = loss_sum / result.samples;
  result.top1 = percent(correct, result.samples);
  if (five) result.top5 = percent(among_five, result.samples);
  return result;
}

void Trainer::save_checkpoint() {
  if (!folder_) return;
  const v1::Output& output = config_.experiment().output();
  const fs::path file = folder_->checkpoint_file(progress_.step);
  Config portable = config_;
  portable.experiment() = without_places(config_.experiment());
  at_step(progress_.step, [&] {
    write_checkpoint(file, *learner_, {progress_, portable.write(Format::text), config_.hash()});
  });
  folder_->prune(output.keep_last(), output.keep_best() ? progress_.best_step : -1);
  Event saved = event(EventKind::checkpoint);
  saved.text = file.filename().string();
  record(saved);
  saved.text = file.string();
  tell(saved);
}

// ---- where the run stands ----

int64_t Trainer::total_steps() const {
  const v1::Train& train = config_.experiment().train();
  const int64_t steps = train.epochs() * loader_->batches_per_epoch();
  return train.has_max_steps() ? std::min(steps, train.max_steps()) : steps;
}

bool Trainer::finished() const {
  return progress_.epoch >= config_.experiment().train().epochs() || progress_.step >= total_steps();
}

double Trainer::learning_rate_at(int64_t step) const {
  return config_.experiment().optimizer().learning_rate() *
         schedule_factor(schedule_, step, total_steps(), loader_->batches_per_epoch());
}

bool Trainer::told_to_stop(const CancelCheck& cancelled) const { 
  return stop_requested_ || (cancelled && cancelled());
}

// ---- what the world sees ----

Event Trainer::event(EventKind kind) const {
  Event e;
  e.kind = kind;
  e.epoch = progress_.epoch + 1;
  e.epochs = config_.experiment().train().epochs();
  e.step = progress_.step;
  e.step_in_epoch = progress_.batch;
  e.steps_per_epoch = loader_->batches_per_epoch();
  e.seconds = seconds_before_ + std::chrono::duration<double>(Clock::now() - started_).count();
  return e;
}

void Trainer::tell(const Event& event) {
  if (listener_ && !listener_(event)) stop_requested_ = true;
}

void Trainer::record(const Event& event) {
  if (folder_) folder_->append_metrics(to_json(event));
}

void Trainer::report_start() {
  Event e = event(EventKind::start);
  e.details = describe_run(config_, *learner_, {training_set_->size(), held_out_set_->size(), training_set_->classes(),
                                                loader_->batches_per_epoch()});
  record(e);
  tell(e);
  for (const std::string& note : notes_) {
    Event log = event(EventKind::log);
    log.text = note;
    record(log);
    tell(log);
  }
  notes_.clear();
}

void Trainer::report_step() {
  Event e = event(EventKind::step);
  e.loss = meter_.last_loss;
  e.train_top1 = e.top1 = percent(progress_.correct, progress_.samples);
  e.learning_rate = learning_rate_at(progress_.step - 1);
  e.samples_per_second = meter_.rate;
  tell(e);
  // About ten lines an epoch.
  const int64_t steps = e.steps_per_epoch;
  if (progress_.batch * 10 / steps != (progress_.batch - 1) * 10 / steps) {
    Event progress = event(EventKind::progress);
    progress.loss = meter_.loss_sum / meter_.samples;
    progress.learning_rate = e.learning_rate;
    meter_.loss_sum = 0;
    meter_.samples = 0;
    record(progress);
  }
}

void Trainer::report_evaluation(int64_t epoch, const Evaluation& result) {
  Event e = event(EventKind::evaluation);
  e.epoch = epoch;
  e.loss = result.loss;
  e.top1 = result.top1;
  e.top5 = result.top5;
  e.samples = result.samples;
  if (config_.experiment().train().measure_alignment()) e.alignment = measure_alignment(learner_->model());
  record(e);
  tell(e);
}

void Trainer::report_end(const std::string& status, const std::string& reason) {
  Event e = event(EventKind::end);
  e.status = status;
  e.text = reason;
  record(e);
  tell(e);
}

}  // namespace signsym
