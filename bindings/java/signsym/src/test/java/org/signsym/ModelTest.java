package org.signsym;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ReadOnlyBufferException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.signsym.v1.Rule;

@Timeout(120)
class ModelTest {
  private static Model model() {
    return Model.create(Tiny.hostConfig());
  }

  @Test
  void it_lists_its_tensors_and_layers_by_torchvisions_names() {
    try (Model model = model()) {
      assertEquals("conv1.weight", model.tensors().get(0));
      assertTrue(model.tensors().contains("bn1.running_mean"));
      assertFalse(model.parameters().contains("bn1.running_mean"));
      assertEquals(new Model.Layer("conv1", Rule.SIGN_SYMMETRY), model.layers().get(0));
      assertEquals("fc", model.layers().get(model.layers().size() - 1).name());
      assertEquals("tiny", model.config().toMessage().getName());
    }
  }

  @Test
  void a_tensor_is_read_in_place_and_outlives_the_model() throws Exception {
    Model model = model();
    Tensor bias = model.tensor("fc.bias");
    float[] values = new float[10];
    for (int i = 0; i < 10; i++) values[i] = i;
    model.setTensor("fc.bias", Tensor.of(values));
    assertArrayEquals(values, bias.toFloatArray());
    assertThrows(ReadOnlyBufferException.class, () -> bias.buffer().putFloat(0, 1));
    model.close();
    for (int i = 0; i < 5; i++) System.gc();
    assertArrayEquals(values, bias.toFloatArray());
    assertThrows(IllegalStateException.class, () -> model.tensor("fc.bias"));
  }

  @Test
  void wrong_names_and_shapes_are_refused() {
    try (Model model = model()) {
      assertEquals(Status.NOT_FOUND,
          assertThrows(SignSymException.class, () -> model.tensor("fc.none")).status());
      assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
          () -> model.setTensor("fc.bias", Tensor.of(new float[9]))).status());
      assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
          () -> model.predict(Tensor.of(new float[12], 1, 3, 2, 2))).status());
      assertEquals(Status.NOT_FOUND,
          assertThrows(SignSymException.class, () -> model.alignment("none")).status());
    }
  }

  @Test
  void a_prediction_is_the_same_however_the_pictures_lie() {
    Tensor pictures = Tiny.pictures(false);
    float[] planar = pictures.toFloatArray();
    byte[] interleaved = new byte[planar.length];
    for (int n = 0; n < 32; n++)
      for (int c = 0; c < 3; c++)
        for (int i = 0; i < 1024; i++) interleaved[(n * 1024 + i) * 3 + c] = (byte) planar[(n * 3 + c) * 1024 + i];
    try (Model model = model()) {
      Tensor logits = model.predict(pictures);
      assertArrayEquals(new long[] {32, 10}, logits.shape());
      assertArrayEquals(logits.toFloatArray(),
          model.predict(Tensor.of(interleaved, 32, 32, 32, 3), Layout.NHWC, Model.Output.LOGITS).toFloatArray());
      float[] probabilities = model.predict(pictures, Layout.NCHW, Model.Output.PROBABILITIES).toFloatArray();
      double sum = 0;
      for (float p : probabilities) sum += p;
      assertEquals(32, sum, 1e-4);
    }
  }

  @Test
  void several_threads_predict_while_it_is_trained() throws Exception {
    try (Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", "1000")); Model model = trainer.model()) {
      CompletableFuture<Metrics> run = trainer.trainAsync();
      List<CompletableFuture<Integer>> others = List.of(1, 2).stream().map(i -> CompletableFuture.supplyAsync(() -> {
        int finite = 0;
        for (int n = 0; n < 10; n++) {
          for (float value : model.predict(Tiny.pictures(false)).toFloatArray()) finite += Float.isFinite(value) ? 1 : 0;
        }
        return finite;
      })).toList();
      for (CompletableFuture<Integer> other : others) assertEquals(3200, other.get());
      run.cancel(false);
    }
  }

  @Test
  void weights_go_to_a_file_and_back(@TempDir Path folder) {
    Path file = folder.resolve("gewichte ü.safetensors");
    try (Model first = model(); Model second = Model.create(Tiny.hostConfig().with("seed", "7"))) {
      first.saveWeights(file);
      second.loadWeights(file);
      assertArrayEquals(first.predict(Tiny.pictures(false)).toFloatArray(),
          second.predict(Tiny.pictures(false)).toFloatArray());
      assertEquals(Status.NOT_FOUND,
          assertThrows(SignSymException.class, () -> first.loadWeights(folder.resolve("none"))).status());
    }
    try (Model other = Model.create(Tiny.hostConfig().with("model.resnet_cifar.width", "5"))) {
      assertEquals(Status.MISMATCH, assertThrows(SignSymException.class, () -> other.loadWeights(file)).status());
    }
  }

  @Test
  void a_trained_model_is_loaded_from_its_run_and_fine_tuned(@TempDir Path folder) {
    Path run = folder.resolve("run");
    try (Trainer trainer = Trainer.create(Tiny.config().withText("output.folder", run.toString()))) {
      trainer.train();
    }
    long[] two = new long[64];
    for (int i = 0; i < 64; i++) two[i] = i % 2;
    try (Model model = Model.load(run); Dataset own = Dataset.of(Tiny.pictures(true), Tensor.of(two), Layout.NCHW, 2)) {
      model.replaceHead(2);
      model.freeze("*");
      model.unfreeze("fc.*");
      float[] before = model.tensor("conv1.weight").toFloatArray();
      float[] head = model.tensor("fc.weight").toFloatArray();
      Config config = model.config().with("data.host", "{}").with("output", "{}").with("train.epochs", "1");
      try (Trainer trainer = Trainer.create(config, model, own, null)) {
        assertEquals(Status.BUSY, assertThrows(SignSymException.class, () -> model.replaceHead(3)).status());
        trainer.train();
      }
      assertArrayEquals(before, model.tensor("conv1.weight").toFloatArray());
      assertFalse(java.util.Arrays.equals(head, model.tensor("fc.weight").toFloatArray()));
      assertArrayEquals(new long[] {32, 2}, model.predict(Tiny.pictures(false)).shape());
      assertEquals(Status.NOT_FOUND, assertThrows(SignSymException.class, () -> model.freeze("none")).status());
    }
  }

  @Test
  void the_feedback_weight_carries_the_signs_of_the_weight() {
    try (Model model = model()) {
      float[] w = model.tensor("conv1.weight").toFloatArray();
      float[] b = model.feedbackWeight("conv1").toFloatArray();
      assertEquals(w.length, b.length);
      for (int i = 0; i < w.length; i++) assertEquals(Math.signum(w[i]), Math.signum(b[i]));
      Model.Alignment alignment = model.alignment("conv1");
      assertEquals(37, alignment.angle(), 6); // 37.07 degrees for a large Gaussian weight
      assertEquals(1, alignment.normRatio(), 1e-4);
    }
  }

  @Test
  void what_is_transformed_already_is_predicted_as_it_is() {
    float[] pictures = Tiny.pictures(false).toFloatArray();
    float[] mean = {0.4914f, 0.4822f, 0.4465f};
    float[] deviation = {0.2470f, 0.2435f, 0.2616f};
    for (int i = 0; i < pictures.length; i++) {
      int channel = i / 1024 % 3;
      pictures[i] = (pictures[i] / 255 - mean[channel]) / deviation[channel];
    }
    try (Model model = model()) {
      assertArrayEquals(model.predict(Tiny.pictures(false), Layout.NCHW, Model.Output.PROBABILITIES).toFloatArray(),
          model.predictTransformed(Tensor.of(pictures, 32, 3, 32, 32), Layout.NCHW, Model.Output.PROBABILITIES)
              .toFloatArray(), 1e-5f);
      assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
          () -> model.predictTransformed(Tiny.pictures(false), Layout.NCHW, Model.Output.LOGITS)).status());
    }
  }

  @Test
  void a_model_that_waits_for_its_turn_does_not_keep_another_one_waiting() throws Exception {
    Tensor many = Tensor.of(new byte[6000 * 3072], 6000, 3, 32, 32);
    try (Model busy = model(); Model idle = model()) {
      CompletableFuture<Tensor> prediction = CompletableFuture.supplyAsync(() -> busy.predict(many));
      Thread.sleep(50); // it has begun
      CompletableFuture<Void> waits = CompletableFuture.runAsync(() -> busy.replaceHead(2));
      Thread.sleep(50);
      assertEquals("conv1", idle.layers().get(0).name());
      assertFalse(prediction.isDone(), "the prediction was too short");
      prediction.get();
      waits.get();
    }
  }

  @Test
  void names_are_whole_while_another_thread_closes_or_gives_a_new_head() throws Exception {
    Config config = Config.text("data { host {} } model { mlp { hidden: 4 classes: 2 } input { channels: 1 } }");
    for (int i = 0; i < 300; i++) {
      Model model = Model.create(config);
      List<String> tensors = model.tensors();
      List<Model.Layer> layers = model.layers();
      Model same;
      try (Trainer trainer = Trainer.create(config, model)) {
        same = trainer.model();
      }
      CompletableFuture<Void> other = CompletableFuture.runAsync(() -> {
        for (int classes = 3; classes < 6; classes++) same.replaceHead(classes);
        same.close();
        model.close();
      });
      try {
        while (true) {
          assertEquals(tensors, model.tensors());
          assertEquals(layers, model.layers());
        }
      } catch (IllegalStateException closed) {
        other.get();
      }
    }
  }
}
