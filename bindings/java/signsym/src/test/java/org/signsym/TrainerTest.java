package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.signsym.TrainingEvent.Kind;

@Timeout(120)
class TrainerTest {
  @Test
  void a_run_tells_its_events_in_order_and_they_may_be_kept() {
    List<TrainingEvent> events = new ArrayList<>();
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(events::add).train();
      Metrics metrics = trainer.evaluate();
      assertEquals(32, metrics.samples());
      assertTrue(metrics.top5() >= metrics.top1());
    }
    assertEquals(Kind.START, events.get(0).kind());
    assertEquals(Kind.END, events.get(events.size() - 1).kind());
    assertEquals("finished", events.get(events.size() - 1).text());
    assertEquals(8, events.stream().filter(event -> event.kind() == Kind.STEP).count());
    TrainingEvent last = events.stream().filter(event -> event.kind() == Kind.STEP).reduce((a, b) -> b).get();
    assertEquals(8, last.step());
    assertEquals(2, last.epoch());
    assertEquals(2, last.epochs());
    assertEquals(4, last.stepInEpoch());
    assertEquals(4, last.stepsPerEpoch());
    assertTrue(last.loss() > 0 && last.loss() < 10);
    assertEquals(0.05, last.learningRate());
  }

  @Test
  void the_JSON_of_an_event_is_asked_for_in_the_call() {
    List<TrainingEvent> events = new ArrayList<>();
    List<String> json = new ArrayList<>();
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(event -> {
        if (event.kind() == Kind.EPOCH) json.add(event.json());
        events.add(event);
      }).train();
    }
    assertEquals(2, json.size());
    assertTrue(json.get(0).startsWith("{") && json.get(0).contains("\"epoch\""), json.get(0));
    assertThrows(IllegalStateException.class, () -> events.get(0).json());
    assertEquals(json.get(0),
        events.stream().filter(event -> event.kind() == Kind.EPOCH).findFirst().get().json());
  }

  @Test
  void what_a_listener_throws_stops_the_run_and_is_the_cause() {
    List<Kind> kinds = new ArrayList<>();
    Exception thrown = new Exception("enough");
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(event -> {
        kinds.add(event.kind());
        if (event.kind() == Kind.STEP) throw thrown;
      });
      SignSymException error = assertThrows(SignSymException.class, trainer::train);
      assertEquals(Status.CALLBACK_FAILED, error.status());
      assertSame(thrown, error.getCause());
      assertEquals(Kind.END, kinds.get(kinds.size() - 1));
      assertEquals(1, kinds.stream().filter(kind -> kind == Kind.STEP).count());
      assertEquals(0, thrown.getSuppressed().length);
      trainer.onEvent(null).train(); // it goes on, and nothing is left of the failure
      assertEquals(1, kinds.stream().filter(kind -> kind == Kind.STEP).count());
    }
  }

  @Test
  void what_it_throws_after_that_is_suppressed() {
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(event -> {
        if (event.kind() == Kind.STEP || event.kind() == Kind.END) throw new Exception(event.kind().name());
      });
      Throwable cause = assertThrows(SignSymException.class, trainer::train).getCause();
      assertEquals("STEP", cause.getMessage());
      assertEquals("END", cause.getSuppressed()[0].getMessage());
    }
  }

  @Test
  void an_Error_of_a_listener_comes_out_as_well() {
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(event -> recurse(0));
      SignSymException error = assertThrows(SignSymException.class, trainer::train);
      assertTrue(error.getCause() instanceof StackOverflowError, String.valueOf(error.getCause()));
    }
  }

  private static int recurse(int depth) {
    return recurse(depth + 1) + 1;
  }

  @Test
  void a_token_cancels_from_another_thread_and_the_run_goes_on_later() throws Exception {
    try (Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", "100000")); CancelToken token = new CancelToken()) {
      CountDownLatch running = new CountDownLatch(1);
      trainer.onEvent(event -> {
        if (event.kind() == Kind.STEP) running.countDown();
      });
      Thread other = new Thread(() -> {
        try {
          running.await();
        } catch (InterruptedException never) {
          return;
        }
        token.cancel();
      });
      other.start();
      assertFalse(token.isCancelled());
      SignSymException error = assertThrows(SignSymException.class, () -> trainer.train(token));
      assertEquals(Status.CANCELLED, error.status());
      assertTrue(token.isCancelled());
      other.join();
    }
  }

  @Test
  void a_future_completes_when_the_run_has_ended() throws Exception {
    try (Trainer trainer = Tiny.trainer()) {
      assertNull(trainer.trainAsync().get(60, TimeUnit.SECONDS));
    }
  }

  @Test
  void a_future_fails_as_train_does() {
    RuntimeException thrown = new RuntimeException("enough");
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(event -> {
        throw thrown;
      });
      ExecutionException error = assertThrows(ExecutionException.class, () -> trainer.trainAsync().get());
      assertEquals(Status.CALLBACK_FAILED, ((SignSymException) error.getCause()).status());
      assertSame(thrown, error.getCause().getCause());
    }
  }

  @Test
  void cancelling_a_future_cancels_the_run() throws Exception {
    try (Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", "100000"))) {
      CountDownLatch running = new CountDownLatch(1);
      CountDownLatch ended = new CountDownLatch(1);
      List<String> how = new ArrayList<>();
      trainer.onEvent(event -> {
        if (event.kind() == Kind.STEP) running.countDown();
        if (event.kind() == Kind.END) {
          how.add(event.text());
          ended.countDown();
        }
      });
      CompletableFuture<Void> future = trainer.trainAsync();
      running.await();
      assertEquals(Status.BUSY, assertThrows(SignSymException.class, trainer::evaluate).status());
      assertTrue(future.cancel(false));
      ended.await();
      assertTrue(future.isCancelled());
      assertEquals(List.of("cancelled"), how);
    }
  }

  @Test
  void closing_during_a_run_cancels_it() throws Exception {
    Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", "100000"));
    trainer.onEvent(event -> {
      if (event.kind() == Kind.STEP) trainer.close();
    });
    assertEquals(Status.CANCELLED, assertThrows(SignSymException.class, trainer::train).status());
  }

  @Test
  void after_close_every_call_says_so_and_closing_again_does_nothing() {
    Trainer trainer = Tiny.trainer();
    trainer.close();
    trainer.close();
    assertEquals("the trainer is closed",
        assertThrows(IllegalStateException.class, trainer::train).getMessage());
    assertThrows(IllegalStateException.class, trainer::evaluate);
    assertThrows(IllegalStateException.class, trainer::config);
    CancelToken token = new CancelToken();
    token.close();
    token.close();
    assertThrows(IllegalStateException.class, token::cancel);
  }

  @Test
  void a_listener_may_read_the_config_and_is_told_BUSY_for_the_rest() {
    List<Status> seen = new ArrayList<>();
    try (Trainer trainer = Tiny.trainer()) {
      trainer.onEvent(event -> {
        if (event.kind() != Kind.START) return;
        assertNotNull(trainer.config().toMessage());
        seen.add(assertThrows(SignSymException.class, trainer::train).status());
      });
      trainer.train();
    }
    assertEquals(List.of(Status.BUSY), seen);
  }

  @Test
  void a_run_is_resumed_from_its_folder(@TempDir Path folder) {
    Path run = folder.resolve("läuft");
    Config config = Tiny.config().with("output.folder", "\"" + run + "\"");
    try (Trainer trainer = Trainer.create(config)) {
      trainer.train();
    }
    assertEquals(Status.ALREADY_EXISTS, assertThrows(SignSymException.class, () -> Trainer.create(config)).status());
    assertTrue(Files.exists(run.resolve("model.safetensors")));
    try (Trainer trainer = Trainer.resume(run, Config.run(run))) {
      List<TrainingEvent> events = new ArrayList<>();
      trainer.onEvent(events::add).train();
      assertTrue(events.stream().noneMatch(event -> event.kind() == Kind.STEP));
      assertEquals(8, events.get(0).step());
    }
    assertEquals(Status.NOT_FOUND,
        assertThrows(SignSymException.class, () -> Trainer.resume(folder.resolve("none"))).status());
  }

  @Test
  void two_trainers_in_two_threads_give_each_the_bits_it_gives_alone() throws Exception {
    double alone = trained();
    CompletableFuture<Double> other = CompletableFuture.supplyAsync(TrainerTest::trained);
    assertEquals(alone, trained());
    assertEquals(alone, other.get());
  }

  private static double trained() {
    try (Trainer trainer = Tiny.trainer()) {
      trainer.train();
      return trainer.evaluate().loss();
    }
  }
}
