package org.signsym;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Training that the application drives: its steps, its rate, its checkpoints. */
@Timeout(120)
class OnlineTest {
  @Test
  void a_step_on_a_batch_learns() {
    try (Trainer trainer = Trainer.create(Tiny.hostConfig())) {
      double first = trainer.step(Tiny.pictures(false), Tiny.labels(false), Layout.NCHW);
      double last = 0;
      for (int i = 0; i < 10; i++) last = trainer.step(Tiny.pictures(false), Tiny.labels(false), Layout.NCHW);
      assertTrue(last < first, first + " " + last);
      assertEquals(11, trainer.metrics().step());
      assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
          () -> trainer.step(Tiny.pictures(false), Tensor.of(new long[] {1}), Layout.NCHW)).status());
    }
  }

  @Test
  void the_learning_rate_is_set_and_given_back() {
    try (Trainer trainer = Tiny.trainer()) {
      assertEquals(0.05, trainer.learningRate());
      trainer.setLearningRate(0.001);
      assertEquals(0.001, trainer.learningRate());
      trainer.trainFor(0, 1);
      assertEquals(0.001, trainer.learningRate());
      trainer.setLearningRate(Double.NaN);
      trainer.trainFor(0, 1);
      assertEquals(0.05, trainer.learningRate());
      assertEquals(Status.INVALID_ARGUMENT,
          assertThrows(SignSymException.class, () -> trainer.setLearningRate(-1)).status());
    }
  }

  @Test
  void a_run_is_paused_and_goes_on() {
    try (Trainer trainer = Tiny.trainer()) {
      trainer.trainFor(0, 3);
      assertEquals(3, trainer.metrics().step());
      trainer.addListener(event -> {
        if (event.kind() == TrainingEvent.Kind.STEP && event.step() == 5) trainer.pause();
      });
      trainer.train();
      assertEquals(5, trainer.metrics().step());
      assertFalse(trainer.isFinished());
      trainer.train();
      assertTrue(trainer.isFinished());
      assertEquals(8, trainer.metrics().step());
    }
  }

  @Test
  void events_are_limited_on_request() {
    List<TrainingEvent> steps = new ArrayList<>();
    try (Trainer trainer = Tiny.trainer()) {
      trainer.limitEvents(0.01);
      trainer.addListener(event -> {
        if (event.kind() == TrainingEvent.Kind.STEP) steps.add(event);
      }).train();
    }
    assertTrue(steps.size() < 3, steps.toString());
  }

  @Test
  void a_checkpoint_goes_through_memory_or_a_file(@TempDir Path folder) throws Exception {
    try (Trainer first = Tiny.trainer(); Trainer second = Tiny.trainer()) {
      first.trainFor(0, 3);
      byte[] checkpoint = first.checkpoint();
      first.saveCheckpoint(folder.resolve("c"));
      assertArrayEquals(checkpoint, Files.readAllBytes(folder.resolve("c")));
      first.train();
      second.restore(checkpoint);
      second.train();
      assertArrayEquals(first.checkpoint(), second.checkpoint());
      assertEquals(Status.BAD_DATA,
          assertThrows(SignSymException.class, () -> second.restore(new byte[] {1, 2, 3})).status());
      SignSymException named =
          assertThrows(SignSymException.class, () -> second.restore(new byte[] {1, 2, 3}, "the row of yesterday"));
      assertTrue(named.getMessage().contains("the row of yesterday"), named.getMessage());
    }
    try (Trainer other = Trainer.create(Tiny.config().with("seed", "3"))) {
      assertEquals(Status.MISMATCH, assertThrows(SignSymException.class,
          () -> other.restore(Files.readAllBytes(folder.resolve("c")))).status());
    }
  }
}
