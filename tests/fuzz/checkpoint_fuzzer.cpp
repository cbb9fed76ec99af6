// A checkpoint: as it is, and with the checksum that its content has, behind which the rest is checked.
#include "fuzzer.h"
#include "train/checkpoint_header.h"

using namespace signsym;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(bytes_of(data, size));
  read_or_refuse("source", [&] { parse_checkpoint(bytes, "source"); });
  Safetensors file;
  if (!read_or_refuse("source", [&] { file = Safetensors::parse(bytes, "source"); })) return 0;
  Metadata metadata = file.metadata();
  metadata["crc32"] = checksum(file.tensors(), metadata);
  read_or_refuse("source", [&] {
    const Checkpoint checkpoint = parse_checkpoint(encode_safetensors(file.tensors(), metadata), "source");
    const Progress& p = checkpoint.header.progress;
    require(p.epoch >= 0 && p.batch >= 0 && p.epoch + p.batch <= p.step && p.step < INT64_MAX, "the position is possible");
    require(p.correct >= 0 && p.correct <= p.samples && p.samples < INT64_MAX, "the counts are possible");
    require(std::isfinite(p.loss_sum) && p.best_top1 >= -1 && p.best_top1 <= 100, "the results are possible");
    Metadata again = to_metadata(checkpoint.header);
    for (const auto& [key, value] : again) require(metadata.count(key) > 0, "what is read is what is written");
  });
  return 0;
}
