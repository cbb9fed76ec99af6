/* A model given node by node: made, trained, resumed, fine-tuned and asked like a named one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fixture.h"

static const char graph[] =
    "{ nodes { name: \"stem.conv\" convolution { out: 6 stride: 2 padding: 1 bias: false } }"
    "  nodes { name: \"stem.bn\" batch_norm {} } nodes { name: \"stem.act\" activation: RELU6 }"
    "  nodes { name: \"dw\" depthwise { padding: 1 } } nodes { name: \"drop\" dropout { probability: 0.1 } }"
    "  nodes { name: \"sum\" inputs: [\"drop\", \"stem.act\"] add {} } nodes { name: \"pool\" max_pool { kernel: 4 } }"
    "  nodes { name: \"flat\" flatten {} } nodes { name: \"head\" linear { out: 10 } } }";

static signsym_config *with_graph(signsym_config *config) {
  CHECK_OK(signsym_config_set(config, "model.graph", graph, NULL));
  return config;
}

static signsym_config *host_config(void) { return with_graph(tiny_host_config()); }

static signsym_model *graph_model(void) {
  signsym_config *config = host_config();
  signsym_model *model = NULL;
  CHECK_OK(signsym_model_create(config, &model, NULL));
  signsym_config_free(config);
  return model;
}

TEST(A_graph_has_the_tensors_layers_and_alignment_of_its_nodes) {
  static const char *const names[] = {"stem.conv.weight", "stem.bn.weight", "stem.bn.bias", "stem.bn.running_mean",
                                      "stem.bn.running_var", "stem.bn.num_batches_tracked", "dw.weight", "dw.bias",
                                      "head.weight", "head.bias"};
  static const char *const layers[] = {"stem.conv", "dw", "head"};
  signsym_model *model = graph_model();
  struct DLManagedTensorVersioned *weight = NULL, *feedback = NULL;
  double angle = NAN;
  CHECK(signsym_model_tensor_count(model) == 10);
  for (int i = 0; i < 10; ++i) CHECK_TEXT(names[i], signsym_model_tensor_name(model, i));
  CHECK(signsym_model_layer_count(model) == 3);
  for (int i = 0; i < 3; ++i) CHECK_TEXT(layers[i], signsym_model_layer_name(model, i));
  CHECK_OK(signsym_model_tensor(model, "dw.weight", &weight, NULL));
  CHECK_OK(signsym_model_feedback_weight(model, "dw", &feedback, NULL));
  for (int d = 0; d < 4; ++d) CHECK(weight->dl_tensor.shape[d] == feedback->dl_tensor.shape[d]);
  CHECK(weight->dl_tensor.shape[0] == 6 && weight->dl_tensor.shape[1] == 1);
  CHECK_OK(signsym_model_alignment(model, "dw", &angle, NULL, NULL));
  CHECK(angle > 15 && angle < 50);
  signsym_tensor_free(weight);
  signsym_tensor_free(feedback);
  signsym_model_free(model);
}

TEST(A_node_that_does_not_fit_is_told_by_its_field) {
  signsym_config *config = host_config();
  signsym_model *model = NULL;
  signsym_error *error = NULL;
  CHECK_OK(signsym_config_set(config, "model.graph.nodes[3].depthwise.kernel", "64", NULL));
  CHECK_STATUS(SIGNSYM_INVALID_CONFIG, signsym_model_create(config, &model, &error));
  CHECK_TEXT("model.graph.nodes[3].depthwise.kernel", signsym_error_field(error));
  CHECK_HAS("64 × 64 is larger than the padded picture, which is 18 × 18", signsym_error_message(error));
  CHECK(model == NULL);
  signsym_error_free(error);
  signsym_config_free(config);
}

TEST(A_run_of_a_graph_is_resumed_bit_for_bit_from_its_checkpoint) {
  char *whole = scratch("graph-whole.safetensors"), *parts = scratch("graph-parts.safetensors");
  signsym_config *config = with_graph(tiny_config());
  signsym_trainer *one = NULL, *begun = NULL, *resumed = NULL;
  signsym_bytes *bytes = NULL;
  CHECK_OK(signsym_trainer_create(config, &one, NULL));
  CHECK_OK(signsym_trainer_run(one, NULL, NULL));
  CHECK_OK(save_weights(one, whole, NULL));

  CHECK_OK(signsym_trainer_create(config, &begun, NULL));
  CHECK_OK(signsym_trainer_run_for(begun, 0, 3, NULL, NULL));
  CHECK_OK(signsym_trainer_checkpoint(begun, &bytes, NULL));
  CHECK_OK(signsym_trainer_create(config, &resumed, NULL));
  CHECK_OK(signsym_trainer_restore(resumed, signsym_bytes_data(bytes), signsym_bytes_size(bytes), NULL, NULL));
  CHECK_OK(signsym_trainer_run(resumed, NULL, NULL));
  CHECK_OK(save_weights(resumed, parts, NULL));
  CHECK(same_files(whole, parts));

  signsym_bytes_free(bytes);
  signsym_trainer_free(one);
  signsym_trainer_free(begun);
  signsym_trainer_free(resumed);
  signsym_config_free(config);
  free(whole), free(parts);
}

TEST(A_graph_gets_a_new_head_is_frozen_below_it_trained_and_predicts) {
  signsym_config *config = host_config();
  signsym_model *model = graph_model();
  signsym_dataset *training = host_dataset(0);
  signsym_trainer *trainer = NULL;
  signsym_error *error = NULL;
  struct DLManagedTensorVersioned *depthwise = NULL, *samples = tiny_samples(1), *out = NULL;
  float before[54];
  CHECK_OK(signsym_model_replace_head(model, 12, NULL));
  CHECK_STATUS(SIGNSYM_NOT_FOUND, signsym_model_freeze(model, "stem.pool", 1, &error));
  CHECK_HAS("stem.conv.weight", signsym_error_message(error));
  signsym_error_free(error);
  CHECK_OK(signsym_model_freeze(model, "stem.*", 1, NULL));
  CHECK_OK(signsym_model_freeze(model, "dw.*", 1, NULL));
  CHECK_OK(signsym_model_tensor(model, "dw.weight", &depthwise, NULL));
  memcpy(before, depthwise->dl_tensor.data, sizeof before);
  CHECK_OK(signsym_trainer_create_with(config, model, training, NULL, &trainer, NULL));
  CHECK_OK(signsym_trainer_run(trainer, NULL, NULL));
  CHECK(memcmp(before, depthwise->dl_tensor.data, sizeof before) == 0);
  CHECK_OK(signsym_model_predict(model, &samples->dl_tensor, SIGNSYM_NCHW, SIGNSYM_PROBABILITIES, &out, NULL));
  CHECK(out->dl_tensor.ndim == 2 && out->dl_tensor.shape[0] == tiny_held_out && out->dl_tensor.shape[1] == 12);
  signsym_trainer_free(trainer);
  signsym_tensor_free(depthwise);
  signsym_tensor_free(samples);
  signsym_tensor_free(out);
  signsym_dataset_free(training);
  signsym_model_free(model);
  signsym_config_free(config);
}
