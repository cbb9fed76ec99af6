#include "train/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/pattern.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

constexpr const char* format_name = "signsym-checkpoint";
const std::string momentum_prefix = "optimizer.momentum.";

ScalarType scalar_type(const Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat: return ScalarType::f32;
    case at::kDouble: return ScalarType::f64;
    case at::kBFloat16: return ScalarType::bf16;
    case at::kHalf: return ScalarType::f16;
    case at::kLong: return ScalarType::i64;
    default: throw Error(Status::internal, "a tensor of a type that has no place in a checkpoint");
  }
}

at::ScalarType torch_type(ScalarType type) {
  switch (type) {
    case ScalarType::f32: return at::kFloat;
    case ScalarType::f64: return at::kDouble;
    case ScalarType::bf16: return at::kBFloat16;
    case ScalarType::f16: return at::kHalf;
    case ScalarType::i64: return at::kLong;
    case ScalarType::i32: return at::kInt;
    case ScalarType::u8: return at::kByte;
    case ScalarType::boolean: return at::kBool;
  }
  return at::kFloat;
}

// Tensors as bytes in NCHW order; `keep` owns what had to be copied to the host or reordered.
std::vector<TensorView> views(const std::vector<NamedTensor>& tensors, std::vector<Tensor>& keep) {
  std::vector<TensorView> out;
  for (const NamedTensor& named : tensors) {
    const Tensor host = named.tensor.detach().cpu().contiguous();
    keep.push_back(host);
    out.push_back({named.name, scalar_type(host), host.sizes().vec(), host.data_ptr()});
  }
  return out;
}

// A copy of a file's tensor; its data may lie at any address.
Tensor tensor_of(const TensorView& view) {
  Tensor out = at::empty(view.shape, torch_type(view.type));
  if (view.bytes() > 0) std::memcpy(out.data_ptr(), view.data, view.bytes());
  return out;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

// What a model has in a checkpoint.
std::vector<NamedTensor> all_of(const Model& model) {
  std::vector<NamedTensor> tensors = model.state();
  for (const NamedTensor& named : model.stored_feedback()) tensors.push_back(named);
  return tensors;
}

std::vector<NamedTensor> all_of(const Learner& learner) {
  std::vector<NamedTensor> tensors = all_of(learner.model());
  for (const NamedTensor& named : learner.optimizer().momentum())
    tensors.push_back({momentum_prefix + named.name, named.tensor});
  return tensors;
}

// CRC-32 over names, types, shapes, data and all other metadata: a flipped bit anywhere is noticed.
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

[[noreturn]] void fail_missing(const std::string& source, const std::string& name, const Tensor& wanted) {
  throw Error(Status::mismatch, source + ": tensor " + name + " is missing; this model has it with shape " +
                                    shape_text(wanted.sizes().vec()) + ". It was saved from another model: use the config " +
                                    "that it was trained with");
}

// The file's tensor for each of `wanted`, its shape and kind of type checked.
std::vector<Tensor> matched(const Safetensors& file, const std::vector<NamedTensor>& wanted, const std::string& source) {
  std::vector<Tensor> found;
  for (const NamedTensor& named : wanted) {
    const TensorView* view = file.find(named.name);
    if (!view) fail_missing(source, named.name, named.tensor);
    if (view->shape != named.tensor.sizes().vec())
      throw Error(Status::mismatch, source + ": tensor " + named.name + " has shape " + shape_text(view->shape) +
                                        "; this model's has " + shape_text(named.tensor.sizes().vec()) +
                                        ". It was saved from another model: use the config that it was trained with");
    if (at::isFloatingType(torch_type(view->type)) != at::isFloatingType(named.tensor.scalar_type()))
      throw Error(Status::mismatch, source + ": tensor " + named.name + " is of another type than this model's");
    found.push_back(tensor_of(*view));
  }
  return found;
}

void copy_all(const std::vector<NamedTensor>& to, const std::vector<Tensor>& from) {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < to.size(); ++i) Tensor(to[i].tensor).copy_(from[i]);
}

bool is_model_tensor(const std::string& name) {
  const std::string feedback = ".feedback";
  return name.rfind(momentum_prefix, 0) != 0 &&
         (name.size() < feedback.size() || name.compare(name.size() - feedback.size(), feedback.size(), feedback) != 0);
}

// `left_out`: names that nobody asks for.
void refuse_strangers(const Safetensors& file, const std::vector<NamedTensor>& known, const std::string& source,
                      const std::function<bool(const std::string&)>& left_out) {
  for (const TensorView& view : file.tensors()) {
    if (left_out && left_out(view.name)) continue;
    if (std::none_of(known.begin(), known.end(), [&](const NamedTensor& k) { return k.name == view.name; }))
      throw Error(Status::mismatch, source + ": tensor " + view.name + " with shape " + shape_text(view.shape) +
                                        " is not in this model. It was saved from another model: use the config that it " +
                                        "was trained with");
  }
}

// Each pattern matches a tensor of the file or of the model.
void check_patterns(const std::vector<std::string>& patterns, const Safetensors& file, const Model& model,
                    const std::string& source) {
  std::vector<std::string> names;
  for (const TensorView& view : file.tensors())
    if (is_model_tensor(view.name)) names.push_back(view.name);
  for (const NamedTensor& named : model.state())
    if (!file.find(named.name)) names.push_back(named.name);
  for (const std::string& pattern : patterns)
    if (std::none_of(names.begin(), names.end(), [&](const std::string& name) { return matches(pattern, name); }))
      throw Error(Status::mismatch, source + ": \"" + pattern + "\" (model.weights_except) matches no tensor; the tensors " +
                                        "of the file and the model are " + listed(names));
}

}  // namespace

namespace {

struct Content {
  std::vector<TensorView> tensors;
  Metadata metadata;
  std::vector<Tensor> keep;  // owns what the views show
};

Content content_of(const Learner& learner, const CheckpointHeader& header) {
  for (const NamedTensor& parameter : learner.model().parameters())
    if (!at::isfinite(parameter.tensor.detach()).all().item<bool>())
      throw Error(Status::diverged, "parameter " + parameter.name + " is no longer finite");
  const Progress& p = header.progress;
  // A double's shortest text that reads back equal is JSON's.
  const auto exact = [](double value) { return nlohmann::json(value).dump(); };
  Content content;
  content.metadata = {{"format", format_name},
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
  if (!std::isnan(p.learning_rate)) content.metadata["learning_rate"] = exact(p.learning_rate);
  content.tensors = views(all_of(learner), content.keep);
  content.metadata["crc32"] = checksum(content.tensors, content.metadata);
  return content;
}

Checkpoint checked(Safetensors file, const std::string& source) {
  Checkpoint checkpoint{{}, std::move(file)};
  const Metadata& metadata = checkpoint.file.metadata();
  const auto text = [&](const std::string& key) -> const std::string& {
    const auto found = metadata.find(key);
    if (found == metadata.end())
      throw Error(Status::bad_data, source + ": no " + key + " in its header; a checkpoint of signsym is expected");
    return found->second;
  };
  if (text("format") != format_name)
    throw Error(Status::bad_data, source + ": format \"" + text("format") + "\"; a checkpoint of signsym is expected");
  const auto number = [&](const std::string& key) {
    const nlohmann::json value = nlohmann::json::parse(text(key), nullptr, false);
    if (!value.is_number())
      throw Error(Status::bad_data, source + ": " + key + " in its header is no number; the file is damaged");
    return value;
  };
  // Of every format, also of a newer one: first what is damaged, then what is unknown.
  if (text("crc32") != checksum(checkpoint.file.tensors(), metadata))
    throw Error(Status::bad_data, source + ": its checksum does not fit its content; the file is damaged");
  if (number("format_version").get<int64_t>() > checkpoint_format)
    throw Error(Status::unsupported, source + ": checkpoint format " + text("format_version") +
                                         "; this version of signsym reads up to " + std::to_string(checkpoint_format) +
                                         ": use a newer signsym");
  Progress& p = checkpoint.header.progress;
  p.epoch = number("epoch").get<int64_t>();
  p.batch = number("batch").get<int64_t>();
  p.step = number("step").get<int64_t>();
  p.loss_sum = number("loss_sum").get<double>();
  p.correct = number("correct").get<int64_t>();
  p.samples = number("samples").get<int64_t>();
  p.best_top1 = number("best_top1").get<double>();
  p.best_step = number("best_step").get<int64_t>();
  if (metadata.count("learning_rate")) p.learning_rate = number("learning_rate").get<double>();
  checkpoint.header.config = text("config");
  checkpoint.header.config_hash = text("config_hash");
  return checkpoint;
}

}  // namespace

void write_checkpoint(const fs::path& path, const Learner& learner, const CheckpointHeader& header) {
  Content content = content_of(learner, header);
  write_safetensors(path, std::move(content.tensors), content.metadata);
}

std::string encode_checkpoint(const Learner& learner, const CheckpointHeader& header) {
  Content content = content_of(learner, header);
  return encode_safetensors(std::move(content.tensors), content.metadata);
}

Checkpoint read_checkpoint(const fs::path& path) { return checked(Safetensors::read(path), path.string()); }

Checkpoint parse_checkpoint(std::string bytes, const std::string& source) {
  return checked(Safetensors::parse(std::move(bytes), source), source);
}

void restore(Learner& learner, const Checkpoint& checkpoint, const std::string& source) {
  const Model& model = learner.model();
  const std::vector<NamedTensor> wanted = all_of(model);
  const std::vector<Tensor> found = matched(checkpoint.file, wanted, source);

  std::vector<Tensor> momentum;
  std::vector<NamedTensor> known = wanted;
  for (const NamedTensor& parameter : model.parameters()) {
    const std::string name = momentum_prefix + parameter.name;
    known.push_back({name, parameter.tensor});
    const bool there = checkpoint.file.find(name) != nullptr;
    momentum.push_back(there ? matched(checkpoint.file, {{name, parameter.tensor}}, source)[0] : Tensor());
  }
  refuse_strangers(checkpoint.file, known, source, {});
  copy_all(wanted, found);
  learner.optimizer().set_momentum(momentum);
}

void restore_model(Model& model, const Checkpoint& checkpoint, const std::string& source) {
  const std::vector<NamedTensor> wanted = all_of(model);
  copy_all(wanted, matched(checkpoint.file, wanted, source));
}

void write_weights(const fs::path& path, const Model& model) {
  std::vector<Tensor> keep;
  // "pt" tells other readers that names and shapes are PyTorch's.
  write_safetensors(path, views(model.state(), keep), {{"format", "pt"}});
}

void read_weights(const fs::path& path, Model& model, const std::vector<std::string>& except) {
  const Safetensors file = Safetensors::read(path);
  check_patterns(except, file, model, path.string());
  std::vector<NamedTensor> wanted;
  for (const NamedTensor& named : model.state())
    if (!matches_any(except, named.name)) wanted.push_back(named);
  const std::vector<Tensor> found = matched(file, wanted, path.string());
  refuse_strangers(file, wanted, path.string(),
                   [&](const std::string& name) { return !is_model_tensor(name) || matches_any(except, name); });
  copy_all(wanted, found);
}

}  // namespace signsym
