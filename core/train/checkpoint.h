// A run's state as one safetensors file: parameters, buffers, stored feedback weights, momentum, position, config.
// Equal runs give equal bytes: no time, path or host name is in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "train/checkpoint_header.h"
#include "train/learner.h"

namespace signsym {

// Atomic. Errors: diverged where a parameter is not finite (the file is not written), io.
void write_checkpoint(const std::filesystem::path& path, const Learner& learner, const CheckpointHeader& header);
// The same as bytes.
std::string encode_checkpoint(const Learner& learner, const CheckpointHeader& header);

// Whether each tensor has its place in the learner. Errors: mismatch, naming the first tensor that differs and both
// shapes.
void check_fit(const Learner& learner, const Checkpoint& checkpoint, const std::string& source);
// Puts a checkpoint's state into the learner. Errors as above; then the learner is unchanged.
void restore(Learner& learner, const Checkpoint& checkpoint, const std::string& source);
// Its parameters, buffers and stored feedback weights alone. Errors as above.
void restore_model(Model& model, const Checkpoint& checkpoint, const std::string& source);

// Parameters and buffers alone, with torchvision's names. Atomic.
void write_weights(const std::filesystem::path& path, const Model& model);
// From such a file or from a checkpoint, which is checked whole; floating-point types are converted. `except`: patterns of names, of the file or
// of the model, that are left out; each must match something. Errors: as read_checkpoint, and mismatch as above; then the model is unchanged.
void read_weights(const std::filesystem::path& path, Model& model, const std::vector<std::string>& except = {});

}  // namespace signsym
