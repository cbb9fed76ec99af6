#include "train/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/pattern.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

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

struct Content {
  std::vector<TensorView> tensors;
  Metadata metadata;
  std::vector<Tensor> keep;  // owns what the views show
};

Content content_of(const Learner& learner, const CheckpointHeader& header) {
  for (const NamedTensor& parameter : learner.model().parameters())
    if (!at::isfinite(parameter.tensor.detach()).all().item<bool>())
      throw Error(Status::diverged, "parameter " + parameter.name + " is no longer finite");
  Content content;
  content.metadata = to_metadata(header);
  content.tensors = views(all_of(learner), content.keep);
  content.metadata["crc32"] = checksum(content.tensors, content.metadata);
  return content;
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

namespace {

// What a learner takes from a checkpoint.
struct State {
  std::vector<NamedTensor> wanted;
  std::vector<Tensor> found, momentum;  // in the order of `wanted`; of the parameters, undefined where there is none
};

State state_of(const Learner& learner, const Checkpoint& checkpoint, const std::string& source) {
  const Model& model = learner.model();
  State state{all_of(model), {}, {}};
  state.found = matched(checkpoint.file, state.wanted, source);
  std::vector<NamedTensor> known = state.wanted;
  for (const NamedTensor& parameter : model.parameters()) {
    const std::string name = momentum_prefix + parameter.name;
    known.push_back({name, parameter.tensor});
    const bool there = checkpoint.file.find(name) != nullptr;
    state.momentum.push_back(there ? matched(checkpoint.file, {{name, parameter.tensor}}, source)[0] : Tensor());
  }
  refuse_strangers(checkpoint.file, known, source, {});
  return state;
}

}  // namespace

void check_fit(const Learner& learner, const Checkpoint& checkpoint, const std::string& source) {
  (void)state_of(learner, checkpoint, source);
}

void restore(Learner& learner, const Checkpoint& checkpoint, const std::string& source) {
  const State state = state_of(learner, checkpoint, source);
  copy_all(state.wanted, state.found);
  learner.optimizer().set_momentum(state.momentum);
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
  const Safetensors file = read_tensors(path);
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
