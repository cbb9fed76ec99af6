#include <cmath>

#include "call.h"

namespace {

template <class Accessor>
void check_index(World& w, Accessor text, int64_t (*count)(const signsym_model*)) {
  const auto model = w.pick<signsym_model>();
  const int64_t index = w.number();
  const bool there = index >= 0 && index < count(model.handle);
  const char* found = text(model.handle, index);
  check_text(w, found);
  w.expect((*found != '\0') == there, "a name by its index");
}

// What it shows lives, whatever was freed: it is read whole.
void read_tensor(World& w) {
  if (w.tensors.empty()) return;
  const DLTensor& t = w.tensors.back()->dl_tensor;
  if (t.dtype.code != kDLFloat || t.dtype.bits != 32 || t.ndim != 2) return;
  double sum = 0;
  for (int64_t i = 0; i < t.shape[0]; ++i)
    for (int64_t k = 0; k < t.shape[1]; ++k)
      sum += static_cast<const float*>(t.data)[i * t.strides[0] + k * t.strides[1]];
  w.expect(sum != 12345.678, "");  // each was read
}

}  // namespace

void add_model_calls(Calls& calls) {
  const Calls mine = {
      {"signsym_model_create", 3,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto out = t.out<signsym_model>();
         t.done(signsym_model_create(config, out, t.error()));
       }},
      {"signsym_model_load", 2,
       [](World& w) {
         Try t(w);
         const std::string path = w.input();
         const auto out = t.out<signsym_model>();
         t.done(signsym_model_load(t.text(path), out, t.error()));
       }},
      {"signsym_model_load_weights", 2,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string path = w.input();
         t.done(signsym_model_load_weights(model, t.text(path), t.error()));
       }},
      {"signsym_model_save_weights", 1,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string path = w.output();
         t.done(signsym_model_save_weights(model, t.text(path), t.error()));
       }},
      {"signsym_model_config", 2,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const auto out = t.out<signsym_config>();
         t.done(signsym_model_config(model, out, t.error()));
       }},
      {"signsym_model_predict", 4,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const Lent samples = w.lent_samples();
         const auto layout = w.choice(SIGNSYM_NHWC);
         const auto flags = w.random.one_of<int32_t>({0, 1, 2, 3, 4, -1, INT32_MIN});
         if (flags < 0 || flags > 3) t.must_fail();
         const auto out = t.tensor_out();
         t.done(signsym_model_predict(model, t.pointer(&samples.tensor), layout, flags, out, t.error()));
         read_tensor(w);
       }},
      {"signsym_model_tensor_count", 2,
       [](World& w) {
         const auto model = w.pick<signsym_model>();
         w.expect((signsym_model_tensor_count(model.handle) > 0) == model.valid, "the tensors of a model");
       }},
      {"signsym_model_tensor_name", 2,
       [](World& w) { check_index(w, signsym_model_tensor_name, signsym_model_tensor_count); }},
      {"signsym_model_tensor_is_parameter", 2,
       [](World& w) {
         const auto model = w.pick<signsym_model>();
         const int64_t index = w.number();
         const bool there = index >= 0 && index < signsym_model_tensor_count(model.handle);
         const int32_t is = signsym_model_tensor_is_parameter(model.handle, index);
         w.expect(is == 0 || (is == 1 && there), "a parameter by its index");
       }},
      {"signsym_model_tensor", 3,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string name = w.tensor_name(model);
         const auto out = t.tensor_out();
         t.done(signsym_model_tensor(model, t.text(name), out, t.error()));
         read_tensor(w);
       }},
      {"signsym_model_set_tensor", 3,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string name = w.tensor_name(model);
         const Lent values = w.lent_like(model, name.c_str());
         const char* const known = t.text(name);
         t.done(signsym_model_set_tensor(model, known, t.pointer(&values.tensor), t.error()));
       }},
      {"signsym_model_replace_head", 2,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         t.done(signsym_model_replace_head(model, w.number(), t.error()));
       }},
      {"signsym_model_freeze", 2,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string pattern = w.tensor_name(model);
         const char* const known = t.text(pattern);
         t.done(signsym_model_freeze(model, known, w.choice(1), t.error()));
       }},
      {"signsym_model_layer_count", 2,
       [](World& w) {
         const auto model = w.pick<signsym_model>();
         w.expect((signsym_model_layer_count(model.handle) > 0) == model.valid, "the layers of a model");
       }},
      {"signsym_model_layer_name", 2,
       [](World& w) { check_index(w, signsym_model_layer_name, signsym_model_layer_count); }},
      {"signsym_model_layer_rule", 2,
       [](World& w) { check_index(w, signsym_model_layer_rule, signsym_model_layer_count); }},
      {"signsym_model_alignment", 2,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string layer = w.random.once_in(3) ? w.text() : signsym_model_layer_name(model, 0);
         const char* const name = t.text(layer);
         const auto angle = t.real_out(0), ratio = t.real_out(1);
         t.done(signsym_model_alignment(model, name, angle, ratio, t.error()));
       }},
      {"signsym_model_feedback_weight", 2,
       [](World& w) {
         Try t(w);
         const auto model = t.handle<signsym_model>();
         const std::string layer = w.random.once_in(3) ? w.text() : signsym_model_layer_name(model, 0);
         const auto out = t.tensor_out();
         t.done(signsym_model_feedback_weight(model, t.text(layer), out, t.error()));
         read_tensor(w);
       }},
      {"signsym_model_free", 3,
       [](World& w) {
         const auto model = w.pick<signsym_model>();
         signsym_model_free(model.handle);
         if (model.valid) w.pool<signsym_model>().end(model.handle);
       }},
  };
  calls.insert(calls.end(), mine.begin(), mine.end());
}
