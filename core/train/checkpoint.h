// A run's state as one safetensors file: parameters, buffers, stored feedback weights, momentum, position, config.
// Equal runs give equal bytes: no time, path or host name is in it.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "train/learner.h"

namespace signsym {

// Where a run stands. An epoch's sums are kept so that a resumed run reports what an uninterrupted one does.
struct Progress {
  int64_t epoch = 0;  // 0 the first
  int64_t batch = 0;  // done in this epoch
  int64_t step = 0;   // done in all
  double loss_sum = 0;  // of this epoch, over samples
  int64_t correct = 0;
  int64_t samples = 0;
  double best_top1 = -1;  // percent, held out; -1: never evaluated
  int64_t best_step = -1;
  double learning_rate = NAN;  // set by the application, in place of the schedule's; NaN: the schedule's
};

struct CheckpointHeader {
  Progress progress;
  std::string config;  // as resolved, Protobuf text, without places
  std::string config_hash;
};

inline constexpr int checkpoint_format = 1;

// Atomic. Errors: diverged where a parameter is not finite (the file is not written), io.
void write_checkpoint(const std::filesystem::path& path, const Learner& learner, const CheckpointHeader& header);
// The same as bytes.
std::string encode_checkpoint(const Learner& learner, const CheckpointHeader& header);

// Reads and checks a checkpoint whole. Errors: not_found, io, bad_data (damaged: its checksum does not fit),
// unsupported (a newer format).
struct Checkpoint {
  CheckpointHeader header;
  Safetensors file;
};
Checkpoint read_checkpoint(const std::filesystem::path& path);
// The same from bytes; `source` names them in errors.
Checkpoint parse_checkpoint(std::string bytes, const std::string& source);

// Puts a checkpoint's state into the learner. Errors: mismatch, naming the first tensor that differs and both shapes;
// then the learner is unchanged.
void restore(Learner& learner, const Checkpoint& checkpoint, const std::string& source);
// Its parameters, buffers and stored feedback weights alone. Errors as above.
void restore_model(Model& model, const Checkpoint& checkpoint, const std::string& source);

// Parameters and buffers alone, with torchvision's names. Atomic.
void write_weights(const std::filesystem::path& path, const Model& model);
// From such a file or from a checkpoint; floating-point types are converted. `except`: patterns of names, of the file or
// of the model, that are left out; each must match something. Errors: mismatch as above; then the model is unchanged.
void read_weights(const std::filesystem::path& path, Model& model, const std::vector<std::string>& except = {});

}  // namespace signsym
