// A trainer from a config, a run folder, or a checkpoint.
#include <algorithm>

#include "base/error.h"
#include "train/factory.h"
#include "train/trainer.h"

namespace signsym {

namespace fs = std::filesystem;

namespace {

// What is frozen in the model that was given stays so.
void freeze_as_well(v1::Optimizer& config, const v1::Optimizer& model) {
  std::vector<std::string> patterns(model.freeze().begin(), model.freeze().end());
  for (const std::string& pattern : config.freeze())
    if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) patterns.push_back(pattern);
  *config.mutable_freeze() = {patterns.begin(), patterns.end()};
}

// How the model that was given computes; its precision may change, since its weights are fp32.
void take_compute(v1::Compute& config, const v1::Compute& model) {
  const auto refuse = [](const char* field, const std::string& set, const std::string& made) {
    throw config_error(std::string("compute.") + field,
                       set + ", but the model that was given was made with " + made + ": leave it AUTO");
  };
  if (config.device() == v1::Device::AUTO) config.set_device(model.device());
  if (config.device() != model.device())
    refuse("device", v1::Device::Kind_Name(config.device()), v1::Device::Kind_Name(model.device()));
  if (config.memory_format() == v1::MemoryFormat::AUTO) config.set_memory_format(model.memory_format());
  if (config.memory_format() != model.memory_format())
    refuse("memory_format", v1::MemoryFormat::Kind_Name(config.memory_format()),
           v1::MemoryFormat::Kind_Name(model.memory_format()));
  if (config.precision() == v1::Precision::AUTO) config.set_precision(model.precision());
}

// What a model that was given brings in place of the config's.
void take(v1::Experiment& config, const v1::Experiment& model) {
  *config.mutable_model() = model.model();
  *config.mutable_feedback() = model.feedback();
  freeze_as_well(*config.mutable_optimizer(), model.optimizer());
  take_compute(*config.mutable_compute(), model.compute());
}

}  // namespace

Trainer::Trainer(const Config& config, TrainerParts parts) {
  const bool model_was_given = parts.network != nullptr;
  build(config, std::move(parts));
  const std::string& folder = config_.experiment().output().folder();
  if (!folder.empty()) {
    folder_ = RunFolder::create(folder);
    if (model_was_given) save_checkpoint(folder_->checkpoint_file(0));  // the config cannot make its weights again
    folder_->begin(config_.write(Format::text));
  }
  reporter_.set_scale(folder_ ? &*folder_ : nullptr, config_.experiment().train().epochs(), steps_per_epoch());
  publish();
  lease_->keep(config_);
}

std::unique_ptr<Trainer> Trainer::resume(const fs::path& folder, const Config* given, TrainerParts parts) {
  std::unique_ptr<Trainer> trainer(new Trainer);
  trainer->folder_ = RunFolder::open(folder);
  const Config recorded = Config::read(RunFolder::config_file(folder).string());
  Config config = given ? *given : recorded;
  config.experiment().mutable_output()->set_folder(folder.string());
  trainer->build(config, std::move(parts));
  if (trainer->config_.hash() != recorded.hash())  // as completed, so that the config that the run began with is its own
    throw Error(Status::invalid_config,
                folder.string() + ": the config given differs from the run's in more than places (paths); a run goes on "
                                  "as it began: train into another folder instead");
  trainer->reporter_.set_scale(&*trainer->folder_, trainer->config_.experiment().train().epochs(),
                               trainer->steps_per_epoch());
  trainer->restore_newest();
  trainer->publish();
  trainer->lease_->keep(trainer->config_);
  return trainer;
}

void Trainer::build(const Config& config, TrainerParts parts) {
  config_ = config.resolved();
  v1::Experiment& e = config_.experiment();
  locating_errors(config_, [&] {
    network_ = std::move(parts.network);
    if (network_) {
      lease_.emplace(network_);  // first: from here on nobody else changes it
      take(e, network_->config().experiment());
    }
    open_data(parts);
    complete(e, training_set_.get());
    if (!network_) {
      Config made = config_;
      if (folder_ && !folder_->checkpoints().empty()) made.experiment().mutable_model()->clear_weights();  // they have all
      network_ = Network::create(made, training_set_.get());
      lease_.emplace(network_);
    }
    lease_->freeze(e.optimizer());
    for (const Dataset* set : {training_set_.get(), held_out_set_.get()})
      if (set) network_->check_fit(*set);

    auto optimizer = make_optimizer(e.optimizer(), network_->model());
    learner_ = std::make_unique<Learner>(network_->shared_model(), std::move(optimizer), make_loss(e.loss()));
    schedule_ = make_schedule(e.optimizer().schedule());
    if (training_set_) loader_ = make_loader(training_set_, true);
    if (held_out_set_) evaluation_loader_ = make_loader(held_out_set_, false);
  });
}

void Trainer::open_data(const TrainerParts& parts) {
  const v1::Experiment& e = config_.experiment();
  if (!e.data().has_host()) {
    if (parts.training || parts.held_out)
      throw Error(Status::invalid_argument,
                  "a data set was given, but the config names one itself: set data { host {} } in the config");
    DataParts opened = open_parts(e.data(), e.seed());
    training_set_ = std::move(opened.training);
    held_out_set_ = std::move(opened.held_out);
    return;
  }
  training_set_ = parts.training;
  held_out_set_ = parts.held_out;
  if (e.data().held_out() == v1::VALIDATION && training_set_ && !held_out_set_) {
    DataParts parts = split_parts(std::move(training_set_), e.data(), e.seed());
    training_set_ = std::move(parts.training);
    held_out_set_ = std::move(parts.held_out);
  }
}

std::unique_ptr<Loader> Trainer::make_loader(const std::shared_ptr<const Dataset>& set, bool training) const {
  const v1::Experiment& e = config_.experiment();
  LoaderOptions load;
  load.batch_size = training ? e.data().batch_size() : e.data().evaluation_batch_size();
  load.threads = e.data().loader_threads();
  load.prefetch = e.data().prefetch();
  load.seed = e.seed();
  load.shuffle = training;
  load.drop_last = training && e.data().drop_last();
  load.layout = layout_of(e.compute());
  return std::make_unique<Loader>(
      set, Pipeline(make_transforms(e.data()), set->shape(), set->pixel_type(), training), load);
}

void Trainer::restore_newest() {
  std::vector<int64_t> steps = folder_->checkpoints();
  std::reverse(steps.begin(), steps.end());
  std::string damage;  // of the newest
  for (const int64_t step : steps) {
    const fs::path file = folder_->checkpoint_file(step);
    try {
      restore(read_checkpoint(file), file.string());
      saved_ = true;
      reporter_.set_seconds_before(folder_->seconds_at(progress_.step));
      return;
    } catch (const Error& error) {
      if (error.status() != Status::bad_data) throw;
      if (damage.empty()) damage = error.what();
      reporter_.note(std::string(error.what()) + "; the one before it is used");
    }
  }
  if (!steps.empty())
    throw Error(Status::bad_data, folder_->path().string() + ": none of its " + std::to_string(steps.size()) +
                                      " checkpoints is whole (" + damage + "); remove them to begin again");
  // The run ended before its first checkpoint: it begins again.
}

void Trainer::restore(const Checkpoint& checkpoint, const std::string& source) {
  if (checkpoint.header.config_hash != config_.hash()) {
    check_fit(*learner_, checkpoint, source);  // a tensor that differs says more
    throw Error(Status::mismatch, source + ": it was saved under another config than this trainer's" +
                                      (folder_ ? " (" + RunFolder::config_file(folder_->path()).string() + ")" : "") +
                                      "; use the config that its run began with");
  }
  check_position(checkpoint.header.progress, source);
  const auto writing = network_->gate().write();
  signsym::restore(*learner_, checkpoint, source);
  progress_ = checkpoint.header.progress;
  saved_ = false;
  const std::lock_guard<std::mutex> lock(mutex_);
  set_rate_ = progress_.learning_rate;
}

// Its config is this trainer's; the data set that a host gives need not be that of the run.
void Trainer::check_position(const Progress& p, const std::string& source) const {
  const auto check = [&](const char* field, int64_t found, int64_t most, Status status, const char* expected) {
    if (found > most)
      throw Error(status, source + ": " + field + " " + std::to_string(found) + " in its header: 0 to " +
                              std::to_string(most) + " is expected, " + expected);
  };
  check("epoch", p.epoch, config_.experiment().train().epochs(), Status::bad_data,
        "the epochs of its config; the file is damaged");
  if (!loader_) return;
  constexpr const char* of_data = "what an epoch of this data set has; give the data set that its run was on";
  check("batch", p.batch, steps_per_epoch(), Status::mismatch, of_data);
  check("samples", p.samples, training_set_->size(), Status::mismatch, of_data);
}

void Trainer::restore(std::string bytes, const std::string& source) {
  restore(parse_checkpoint(std::move(bytes), source), source);
  publish();
}

}  // namespace signsym
