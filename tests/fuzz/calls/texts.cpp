// Texts, paths and numbers of a world.
#include <limits>

#include "world.h"

std::string World::config_text() {
  static const char* const models[] = {
      "model { mlp { hidden: 4 classes: 3 } input { channels: 1 height: 4 width: 4 } } data { host {} batch_size: 4 }",
      "model { mlp { hidden: 4 classes: 3 } input { channels: 1 height: 4 width: 4 } } data { host {} batch_size: 4 }",
      "model { mlp { hidden: 4 classes: 3 } input { channels: 1 height: 4 width: 4 } } data { host {} batch_size: 4 }",
      "model { resnet_cifar { depth: 8 width: 1 classes: 3 } input { channels: 1 height: 4 width: 4 } }\n"
      "data { host {} batch_size: 4 transform { crop { padding: 1 } } transform { flip {} } }",
      "model { mlp { hidden: 4 } } data { cifar10 { path: 'cifar10' } batch_size: 4 transform { normalize {} } }",
      "model { mlp { hidden: 4 } } data { mnist { path: 'mnist' } batch_size: 4 held_out: TEST }"};
  static const char* const rules[] = {"BACKPROP", "SHAM", "SIGN_SYMMETRY", "SIGN_SYMMETRY_BATCH_RANDOM",
                                      "SIGN_SYMMETRY_RANDOM_MAGNITUDE", "FEEDBACK_ALIGNMENT"};
  std::string text = std::string(models[random.below(std::size(models))]) + " feedback { rule: " +
                     rules[random.below(std::size(rules))] + " } train { epochs: 2 } compute { threads: 1 }";
  if (random.once_in(8)) text += " train { measure_alignment: false } output { folder: 'made' checkpoint_every_steps: 1 }";
  if (random.once_in(4)) text += " optimizer { schedule { one_cycle {} warmup_epochs: 0.5 } sgd { nesterov: true } clip_norm: 1 }";
  return text;
}

std::string World::field() {
  if (random.once_in(8)) return text();
  return random.one_of<const char*>(
      {"train.epochs", "train.max_steps", "seed", "data.host", "data.batch_size", "data.transform[0]", "data.transform[1].flip",
       "data.transform[0].normalize.mean", "data.loader_threads", "data.prefetch", "data.drop_last", "data.held_out",
       "data.validation_fraction", "model.mlp.hidden", "model.mlp.classes", "model.input", "model.input.channels",
       "model.weights", "model.weights_except[0]", "feedback.rule", "feedback.layer[0].name", "feedback.layer[0].rule",
       "feedback.layer[99999999999].rule", "optimizer.learning_rate", "optimizer.schedule.step", "optimizer.clip_value",
       "optimizer.freeze[0]", "loss.mean_squared_error", "compute.precision", "compute.device", "output.folder",
       "output.keep_last", "name", "", ".", "train.", "train..epochs", "train[0]", "data.transform[", "data.transform[-1]"});
}

std::string World::value() {
  if (random.once_in(8)) return text();
  return random.one_of<const char*>(
      {"0", "1", "2", "-1", "3", "4", "true", "{}", "[]", "[4, 3]", "0.5", "1e-3", "nan", "inf", "-inf", "1e999",
       "9223372036854775808", "-9223372036854775809", "0x7f", "'made'", "\"weights.safetensors\"", "SIGN_SYMMETRY", "BACKPROP",
       "VALIDATION", "FP32", "BF16", "CUDA", "CPU", "{ every_epochs: 1e-300 }", "{ every_epochs: 1e300 }",
       "{ channels: 1 height: 4 width: 4 }", "{ mean: [0.5] std: [0.25] }", "{ unknown: 1 }", "{{{{", "fc*", "layers.0"});
}

std::string World::text() {
  static const char* const bad[] = {"\xFF", "a\xC0\xAF", "\xED\xA0\x80", "\xE2\x82", "\xF4\x90\x80\x80", "é\xFFé"};
  switch (random.below(8)) {
    case 0: return "";
    case 1: return std::string(random.below(6000), 'a');
    case 2: return "%s%n%x%s%n";
    case 3: return "‖é‖ \U0001F600";
    case 4: return bad[random.below(std::size(bad))];
    case 5: {
      std::string deep;
      for (size_t i = random.below(300); i > 0; --i) deep += random.one_of({"{", "[", "a.", "a[0].", "{a:"});
      return deep;
    }
    default: {
      std::string bytes(random.below(40), '\0');
      for (char& byte : bytes)
        do byte = static_cast<char>(random.next());
        while (byte == '\0' || byte == '/');
      return bytes;
    }
  }
}

std::string World::input() {
  if (random.once_in(6)) return text();
  return random.one_of<const char*>(
      {"good.textproto", "good.textproto", "good.json", "good.binpb", "damaged.textproto", "damaged.json", "damaged.binpb",
       "weights.safetensors", "checkpoint.safetensors", "checkpoint.safetensors", "damaged.safetensors", "empty", "folder",
       "run", "run", "run/config.textproto", "no/such/file", "/dev/null", "cifar10", ".", "weights.safetensors/x"});
}

std::string World::output() {
  return random.one_of<const char*>({"out/a.safetensors", "out/a.safetensors", "out/\xFF", "no/such/file", "folder", "",
                                     "empty/x", ".", "out/"}) +
         std::string(random.once_in(32) ? 5000 : 0, 'a');
}

std::string World::tensor_name(const signsym_model* model) {
  if (random.once_in(4)) return text();
  if (random.once_in(4)) return random.one_of<const char*>({"fc*", "*", "conv1.weight", "?", "layers.0.weight"});
  const int64_t count = signsym_model_tensor_count(model);
  return count > 0 ? signsym_model_tensor_name(model, static_cast<int64_t>(random.below(static_cast<size_t>(count)))) : "x";
}

int64_t World::number() {
  return random.one_of<int64_t>({0, 0, 1, 1, 2, 2, 3, 3, 4, 8, -1, INT64_MIN, INT64_MAX, 1048577, INT64_MAX - 1});
}

int32_t World::choice(int32_t last) {
  if (random.once_in(12)) return random.one_of<int32_t>({0, -1, last + 1, 99, INT32_MAX, INT32_MIN});
  return 1 + static_cast<int32_t>(random.below(static_cast<size_t>(last)));
}

double World::real() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return random.one_of({0.05, 0.05, 0.1, 1.0, 0.0, -0.0, -1.0, 1e308, 1e-308, 5e-324, infinity, -infinity,
                        std::numeric_limits<double>::quiet_NaN()});
}
