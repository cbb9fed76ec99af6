#include "model.h"

#include "config.h"
#include "data/host_memory.h"
#include "guard.h"
#include "tensor.h"
#include "train/alignment.h"

using namespace signsym;
using namespace signsym::capi;

namespace {

constexpr signsym_predict_flags known_flags = SIGNSYM_PROBABILITIES | SIGNSYM_AS_IS;

// Null for a wrong handle.
std::shared_ptr<const Model> model_of(const signsym_model* handle) {
  const auto network = find(handle);
  return network ? network->shared_model() : nullptr;
}

// The element `index` of what a model lists; nullptr where there is none.
template <typename List>
auto at_index(const List& list, int64_t index) -> decltype(&list[0]) {
  return index >= 0 && index < static_cast<int64_t>(list.size()) ? &list[index] : nullptr;
}

}  // namespace

extern "C" {

signsym_status signsym_model_create(const signsym_config* config, signsym_model** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = adopt<signsym_model>(Network::create(*get(config, "config"), nullptr));
  });
}

signsym_status signsym_model_load(const char* path, signsym_model** out, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    require(out, "out");
    *out = adopt<signsym_model>(Network::load(path));
  });
}

signsym_status signsym_model_load_weights(signsym_model* model, const char* path, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    get(model, "model")->load_weights(path);
  });
}

signsym_status signsym_model_save_weights(const signsym_model* model, const char* path, signsym_error** error) {
  return guard(error, [&] {
    require(path, "path");
    get(model, "model")->save_weights(path);
  });
}

signsym_status signsym_model_config(const signsym_model* model, signsym_config** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    *out = adopt<signsym_config>(std::make_shared<Config>(get(model, "model")->config()));
  });
}

signsym_status signsym_model_predict(const signsym_model* model, const DLTensor* samples, signsym_layout layout,
                                     signsym_predict_flags flags, struct DLManagedTensorVersioned** out,
                                     signsym_error** error) {
  return guard(error, [&] {
    require(samples, "samples");
    require(out, "out");
    if (flags & ~known_flags)
      throw Error(Status::invalid_argument, "flags: " + std::to_string(flags) + " has bits that are not known");
    const auto network = get(model, "model");
    const auto set = open_host_memory({view_tensor(samples, "samples"), to_layout(layout), {}, 1, {}});
    *out = export_tensor(network->predict(*set, {(flags & SIGNSYM_PROBABILITIES) != 0, (flags & SIGNSYM_AS_IS) != 0}));
  });
}

int64_t signsym_model_tensor_count(const signsym_model* model) {
  const auto found = model_of(model);
  return found ? static_cast<int64_t>(found->state().size()) : 0;
}

const char* signsym_model_tensor_name(const signsym_model* model, int64_t index) {
  const auto found = model_of(model);
  const NamedTensor* named = found ? at_index(found->state(), index) : nullptr;
  return named ? named->name.c_str() : "";
}

int32_t signsym_model_tensor_is_parameter(const signsym_model* model, int64_t index) {
  const auto found = model_of(model);
  const NamedTensor* named = found ? at_index(found->state(), index) : nullptr;
  if (!named) return 0;
  for (const NamedTensor& parameter : found->parameters())
    if (parameter.name == named->name) return 1;
  return 0;
}

signsym_status signsym_model_tensor(const signsym_model* model, const char* name,
                                    struct DLManagedTensorVersioned** out, signsym_error** error) {
  return guard(error, [&] {
    require(name, "name");
    require(out, "out");
    *out = export_tensor(get(model, "model")->tensor(name).detach(), /*read_only=*/true);
  });
}

signsym_status signsym_model_set_tensor(signsym_model* model, const char* name, const DLTensor* values,
                                        signsym_error** error) {
  return guard(error, [&] {
    require(name, "name");
    require(values, "values");
    get(model, "model")->set_tensor(name, view_tensor(values, "values").shape,
                                    [&] { return import_tensor(values, "values"); });
  });
}

signsym_status signsym_model_replace_head(signsym_model* model, int64_t classes, signsym_error** error) {
  return guard(error, [&] { get(model, "model")->replace_head(classes); });
}

signsym_status signsym_model_freeze(signsym_model* model, const char* pattern, int32_t frozen, signsym_error** error) {
  return guard(error, [&] {
    require(pattern, "pattern");
    get(model, "model")->freeze(pattern, frozen != 0);
  });
}

int64_t signsym_model_layer_count(const signsym_model* model) {
  const auto found = model_of(model);
  return found ? static_cast<int64_t>(found->layers().size()) : 0;
}

const char* signsym_model_layer_name(const signsym_model* model, int64_t index) {
  const auto found = model_of(model);
  const FeedbackLayer* layer = found ? at_index(found->layers(), index) : nullptr;
  return layer ? layer->name.c_str() : "";
}

const char* signsym_model_layer_rule(const signsym_model* model, int64_t index) {
  const auto found = model_of(model);
  const FeedbackLayer* layer = found ? at_index(found->layers(), index) : nullptr;
  return layer ? rule_name(layer->rule.rule) : "";
}

signsym_status signsym_model_alignment(const signsym_model* model, const char* layer, double* angle,
                                       double* norm_ratio, signsym_error** error) {
  return guard(error, [&] {
    require(layer, "layer");
    const auto network = get(model, "model");
    const auto reading = network->gate().read();
    const LayerAlignment result = measure_alignment(network->layer(layer));
    if (angle) *angle = result.angle;
    if (norm_ratio) *norm_ratio = result.norm_ratio;
  });
}

signsym_status signsym_model_feedback_weight(const signsym_model* model, const char* layer,
                                             struct DLManagedTensorVersioned** out, signsym_error** error) {
  return guard(error, [&] {
    require(layer, "layer");
    require(out, "out");
    const auto network = get(model, "model");
    const auto reading = network->gate().read();
    const FeedbackLayer& found = network->layer(layer);
    *out = export_tensor(feedback_weight(found.rule, found.weight, found.state).detach().cpu().clone());
  });
}

void signsym_model_free(signsym_model* model) { let_go(model); }

}  // extern "C"
