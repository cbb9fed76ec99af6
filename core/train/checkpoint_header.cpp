#include "train/checkpoint_header.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace signsym {
namespace {

using Json = nlohmann::json;

constexpr const char* format_name = "signsym-checkpoint";
constexpr int64_t most = int64_t{1} << 53;  // of what is counted: one more never overflows, and a double has each exactly

// A double's shortest text that reads back equal is JSON's.
std::string exact(double value) { return Json(value).dump(); }

// The metadata of one file. Each failure names the source and the field.
class Reader {
 public:
  Reader(const Metadata& metadata, const std::string& source) : metadata_(metadata), source_(source) {}

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end())
      throw Error(Status::bad_data, source_ + ": no " + key + " in its header; a checkpoint of signsym is expected");
    return found->second;
  }

  bool has(const std::string& key) const { return metadata_.count(key) > 0; }

  // Of what is counted.
  int64_t whole(const std::string& key, int64_t least, int64_t limit = most) const {
    const Json value = Json::parse(text(key), nullptr, false);
    const bool fits = value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX);
    if (!fits || value.get<int64_t>() < least || value.get<int64_t>() > limit)
      refuse(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(limit));
    return value.get<int64_t>();
  }

  double number(const std::string& key) const {
    const Json value = Json::parse(text(key), nullptr, false);  // what is not finite is no number of JSON
    if (!value.is_number()) refuse(key, "a number");
    return value.get<double>();
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& expected) const {
    throw Error(Status::bad_data, source_ + ": " + key + " " + text(key) + " in its header: " + expected +
                                      " is expected; the file is damaged");
  }

 private:
  const Metadata& metadata_;
  const std::string& source_;
};

// Each epoch took a step at least, and so did each batch of the one that goes on.
Progress read_progress(const Reader& read) {
  Progress p;
  p.step = read.whole("step", 0);
  p.batch = read.whole("batch", 0, p.step);
  p.epoch = read.whole("epoch", 0, p.step - p.batch);
  p.loss_sum = read.number("loss_sum");
  p.samples = read.whole("samples", 0);
  p.correct = read.whole("correct", 0, p.samples);
  p.best_top1 = read.number("best_top1");
  if (!(p.best_top1 == -1 || (p.best_top1 >= 0 && p.best_top1 <= 100))) read.refuse("best_top1", "-1 (none), or 0 to 100,");
  p.best_step = read.whole("best_step", -1, p.step);
  if (read.has("learning_rate")) {
    p.learning_rate = read.number("learning_rate");
    if (!(p.learning_rate > 0)) read.refuse("learning_rate", "a number > 0");
  }
  return p;
}

Checkpoint checked(Safetensors file, const std::string& source) {
  Checkpoint checkpoint{{}, std::move(file)};
  const Metadata& metadata = checkpoint.file.metadata();
  const Reader read(metadata, source);
  if (read.text("format") != format_name)
    throw Error(Status::bad_data, source + ": format \"" + read.text("format") + "\"; a checkpoint of signsym is expected");
  // Of every format, also of a newer one: first what is damaged, then what is unknown.
  if (read.text("crc32") != checksum(checkpoint.file.tensors(), metadata))
    throw Error(Status::bad_data, source + ": its checksum does not fit its content; the file is damaged");
  if (read.whole("format_version", 1) > checkpoint_format)
    throw Error(Status::unsupported, source + ": checkpoint format " + read.text("format_version") +
                                         "; this version of signsym reads up to " + std::to_string(checkpoint_format) +
                                         ": use a newer signsym");
  checkpoint.header = {read_progress(read), read.text("config"), read.text("config_hash")};
  return checkpoint;
}

}  // namespace

Metadata to_metadata(const CheckpointHeader& header) {
  const Progress& p = header.progress;
  Metadata metadata{{"format", format_name},
                    {"format_version", std::to_string(checkpoint_format)},
                    {"config", header.config},
                    {"config_hash", header.config_hash},
                    {"epoch", std::to_string(p.epoch)},
                    {"batch", std::to_string(p.batch)},
                    {"step", std::to_string(p.step)},
                    {"loss_sum", exact(p.loss_sum)},
                    {"correct", std::to_string(p.correct)},
                    {"samples", std::to_string(p.samples)},
                    {"best_top1", exact(p.best_top1)},
                    {"best_step", std::to_string(p.best_step)}};
  if (!std::isnan(p.learning_rate)) metadata["learning_rate"] = exact(p.learning_rate);
  return metadata;
}

std::string checksum(const std::vector<TensorView>& tensors, const Metadata& metadata) {
  std::vector<const TensorView*> sorted;
  for (const TensorView& t : tensors) sorted.push_back(&t);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->name < b->name; });
  uLong crc = crc32_z(0, nullptr, 0);
  const auto add = [&](const void* data, size_t size) {
    if (size > 0) crc = crc32_z(crc, static_cast<const Bytef*>(data), size);  // with a null pointer it begins anew
  };
  for (const auto& [key, value] : metadata) {
    if (key == "crc32") continue;
    add(key.c_str(), key.size() + 1);
    add(value.c_str(), value.size() + 1);
  }
  for (const TensorView* t : sorted) {
    add(t->name.c_str(), t->name.size() + 1);
    const int64_t type = static_cast<int64_t>(t->type);
    add(&type, sizeof type);
    add(t->shape.data(), t->shape.size() * sizeof(int64_t));
    if (t->bytes() > 0) add(t->data, t->bytes());
  }
  char text[16];
  std::snprintf(text, sizeof text, "%08lx", static_cast<unsigned long>(crc));
  return text;
}

Checkpoint read_checkpoint(const std::filesystem::path& path) { return checked(Safetensors::read(path), path.string()); }

Checkpoint parse_checkpoint(std::string bytes, const std::string& source) {
  return checked(Safetensors::parse(std::move(bytes), source), source);
}

Safetensors read_tensors(const std::filesystem::path& path) {
  Safetensors file = Safetensors::read(path);
  const auto format = file.metadata().find("format");
  if (format == file.metadata().end() || format->second != format_name) return file;
  return std::move(checked(std::move(file), path.string()).file);
}

}  // namespace signsym
