// What a checkpoint says beside its tensors: where the run stood, and its config. It is the metadata of the safetensors
// file, and held against a checksum.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/safetensors.h"

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

// All of it but the checksum.
Metadata to_metadata(const CheckpointHeader& header);
// CRC-32 over names, types, shapes, data and all metadata but "crc32": a flipped bit anywhere is noticed.
std::string checksum(const std::vector<TensorView>& tensors, const Metadata& metadata);

// Reads and checks a checkpoint whole. Errors: not_found, io, bad_data (damaged: its checksum does not fit, or a number in
// its header is none that a run can have), unsupported (a newer format).
struct Checkpoint {
  CheckpointHeader header;
  Safetensors file;
};
Checkpoint read_checkpoint(const std::filesystem::path& path);
// The same from bytes; `source` names them in errors.
Checkpoint parse_checkpoint(std::string bytes, const std::string& source);
// The tensors of any safetensors file; where it is a checkpoint, it is checked as above.
Safetensors read_tensors(const std::filesystem::path& path);

}  // namespace signsym
