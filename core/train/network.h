// A model with what it takes to use it: its config, the evaluation transforms, and the gate between training and use.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"
#include "models/model.h"
#include "train/gate.h"

namespace signsym {

class Network {
 public:
  // The model of a config, with its rules and initial weights or those of model.weights. `set`: the data that it is for;
  // nullptr: those of the config, and with data.host model.input says the shape. The config is checked and completed.
  static std::shared_ptr<Network> create(const Config& config, const Dataset* set);
  // From a run folder (its newest whole checkpoint) or a checkpoint file. Errors: not_found, io, bad_data, unsupported.
  static std::shared_ptr<Network> load(const std::filesystem::path& path);

  // As completed: what model, transforms and compute options are taken from, and what is frozen. Of the trainer that has
  // the model, or had it last.
  Config config() const;

  Model& model() { return *model_; }
  const Model& model() const { return *model_; }
  // For use from any thread without the gate: a new head does not take it away.
  std::shared_ptr<Model> shared_model() const { return std::atomic_load(&model_); }
  // Held for writing by a step and by whoever changes the model, for reading by whoever computes with it.
  const Gate& gate() const { return gate_; }

  // The hold of a trainer on its model, one at a time.
  class Lease {
   public:
    // Errors: busy where another trainer has the network.
    explicit Lease(std::shared_ptr<Network> network);
    // Where the trainer could not be made (`keep` was not called), the model is as it was.
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    void freeze(const v1::Optimizer& config);
    // From here on the model is the trainer's: it computes and draws as this config says.
    void keep(Config config);

   private:
    std::shared_ptr<Network> network_;
    std::vector<bool> trainable_;  // of the parameters, as they were
    bool kept_ = false;
  };

  // Errors: invalid_argument where samples or labels are not the model's.
  void check_fit(const Dataset& set) const;
  struct Prediction {
    bool probabilities = false;  // the softmax of the logits
    bool as_is = false;          // float32 samples that are transformed already
  };
  // Logits (N, classes) fp32 on the host. Any number of threads at once, also while the model is trained. Errors:
  // invalid_argument where the shape is not the model's.
  Tensor predict(const Dataset& samples, Prediction how) const;

  void load_weights(const std::filesystem::path& path);
  void save_weights(const std::filesystem::path& path) const;
  // Errors: not_found; invalid_argument where the shape differs.
  // `values` is called where the shape is the tensor's: it may be large.
  void set_tensor(const std::string& name, at::IntArrayRef shape, const std::function<Tensor()>& values);
  // From any thread. Errors: not_found.
  Tensor tensor(const std::string& name) const;
  // With the gate held. Errors: not_found.
  const FeedbackLayer& layer(const std::string& name) const;
  // A new last linear layer for `classes`. Errors: busy while a trainer has the model.
  void replace_head(int64_t classes);
  // Parameters that match the pattern learn or not; the config's optimizer.freeze then names those that do not. Errors:
  // not_found where none matches, busy.
  void freeze(const std::string& pattern, bool frozen);

 private:
  void check_shape(SampleShape shape) const;

  Network(Config config, std::shared_ptr<Model> model) : config_(std::move(config)), model_(std::move(model)) {}
  Config config_;
  std::shared_ptr<Model> model_;
  Gate gate_;
  std::atomic<bool> taken_{false};
};

}  // namespace signsym
