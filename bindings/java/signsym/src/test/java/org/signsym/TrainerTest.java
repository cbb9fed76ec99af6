package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
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
      trainer.addListener(events::add).train();
      Evaluation result = trainer.evaluate();
      assertEquals(32, result.samples());
      assertTrue(result.top5() >= result.top1());
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
      trainer.addListener(event -> {
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
  void the_JSON_is_whole_or_refused_on_a_thread_that_asks_while_the_call_ends() throws Exception {
    Config config = Config.text("data { host {} } model { mlp { hidden: 4 classes: 2 } input { channels: 1 } }"
        + " train { epochs: 300 } compute { threads: 1 }");
    Tensor samples = Tensor.of(new float[16], 16, 1);
    AtomicReference<TrainingEvent> told = new AtomicReference<>();
    List<String> answers = new ArrayList<>();
    Thread other = new Thread(() -> {
      for (TrainingEvent event = null; event == null || event.kind() != Kind.END; ) {
        while ((event = told.get()) == null) Thread.onSpinWait();
        told.set(null); // the listener's call ends now
        try {
          answers.add(event.json());
        } catch (IllegalStateException late) {
          answers.add("{late}");
        }
      }
    });
    other.start();
    try (Dataset set = Dataset.of(samples, Tensor.of(new long[16]), 2);
        Trainer trainer = Trainer.create(config, set, null)) {
      trainer.addListener(event -> {
        told.set(event);
        while (told.get() == event) Thread.onSpinWait();
      }).train();
    }
    other.join();
    assertTrue(answers.size() > 600, answers.size() + " answers");
    for (String answer : answers) assertTrue(answer.startsWith("{") && answer.endsWith("}"), answer);
  }

  @Test
  void what_a_listener_throws_stops_the_run_and_is_the_cause() {
    List<Kind> kinds = new ArrayList<>();
    Exception thrown = new Exception("enough");
    try (Trainer trainer = Tiny.trainer()) {
      TrainingListener listener = event -> {
        kinds.add(event.kind());
        if (event.kind() == Kind.STEP) throw thrown;
      };
      trainer.addListener(listener);
      SignSymException error = assertThrows(SignSymException.class, trainer::train);
      assertEquals(Status.CALLBACK_FAILED, error.status());
      assertSame(thrown, error.getCause());
      assertEquals(Kind.END, kinds.get(kinds.size() - 1));
      assertEquals(1, kinds.stream().filter(kind -> kind == Kind.STEP).count());
      assertEquals(0, thrown.getSuppressed().length);
      trainer.removeListener(listener).train(); // it goes on, and nothing is left of the failure
      assertEquals(1, kinds.stream().filter(kind -> kind == Kind.STEP).count());
    }
  }

  @Test
  void listeners_are_told_in_turn_until_one_throws_and_may_go_in_the_midst_of_a_run() {
    List<String> told = new ArrayList<>();
    Exception thrown = new Exception("enough");
    try (Trainer trainer = Tiny.trainer()) {
      TrainingListener once = new TrainingListener() {
        @Override
        public void onEvent(TrainingEvent event) {
          told.add("once " + event.kind());
          trainer.removeListener(this);
        }
      };
      trainer.addListener(once).addListener(event -> {
        told.add("first " + event.kind());
        if (event.kind() == Kind.STEP) throw thrown;
      }).addListener(event -> told.add("second " + event.kind()));
      assertThrows(NullPointerException.class, () -> trainer.addListener(null));
      trainer.removeListener(event -> {}); // of nobody
      assertSame(thrown, assertThrows(SignSymException.class, trainer::train).getCause());
    }
    told.removeIf(each -> each.endsWith("EVALUATION"));
    assertEquals(List.of("once START", "first START", "second START", "first STEP", "first END", "second END"), told);
  }

  @Test
  void what_it_throws_after_that_is_suppressed() {
    try (Trainer trainer = Tiny.trainer()) {
      trainer.addListener(event -> {
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
      trainer.addListener(event -> recurse(0));
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
      trainer.addListener(event -> {
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
  void a_token_may_be_closed_during_its_run() {
    for (boolean set : new boolean[] {false, true}) {
      try (Trainer trainer = Tiny.trainer()) {
        CancelToken token = new CancelToken();
        trainer.addListener(event -> {
          if (event.kind() != Kind.STEP || event.step() != 2) return;
          if (set) token.cancel();
          token.close();
        });
        if (set) {
          assertEquals(Status.CANCELLED, assertThrows(SignSymException.class, () -> trainer.train(token)).status());
          assertEquals(2, trainer.metrics().step());
        } else {
          assertTrue(trainer.train(token).finished());
        }
      }
    }
  }

  @Test
  void a_part_of_a_run_can_be_cancelled_or_have_a_thread_of_its_own() throws Exception {
    try (Trainer trainer = Tiny.trainer(); CancelToken token = new CancelToken()) {
      assertEquals(3, trainer.trainAsync(0, 3).get().step());
      assertEquals(4, trainer.trainFor(1, 0, token).step());
      trainer.addListener(event -> token.cancel());
      assertEquals(Status.CANCELLED,
          assertThrows(SignSymException.class, () -> trainer.trainFor(0, 2, token)).status());
      assertTrue(trainer.metrics().step() < 6);
      ExecutionException error = assertThrows(ExecutionException.class, () -> trainer.trainAsync(-1, 0).get());
      assertEquals(Status.INVALID_ARGUMENT, ((SignSymException) error.getCause()).status());
    }
  }

  @Test
  void a_trainer_is_made_from_builders_or_a_file(@TempDir Path folder) throws Exception {
    Config config = Tiny.config();
    Path file = Files.writeString(folder.resolve("c.textproto"), config.toText());
    try (Trainer built = Trainer.create(config.toMessage()); Trainer read = Trainer.fromFile(file)) {
      assertEquals(built.config().hash(), read.config().hash());
      assertTrue(read.metricsJson().contains("\"steps_per_epoch\""), read.metricsJson());
    }
    assertEquals(Status.NOT_FOUND,
        assertThrows(SignSymException.class, () -> Trainer.fromFile(folder.resolve("none"))).status());
  }

  @Test
  void a_future_completes_when_the_run_has_ended() throws Exception {
    try (Trainer trainer = Tiny.trainer()) {
      Metrics metrics = trainer.trainAsync().get(60, TimeUnit.SECONDS);
      assertEquals(8, metrics.step());
      assertTrue(metrics.finished());
      assertEquals(metrics, trainer.metrics());
    }
  }

  @Test
  void a_future_fails_as_train_does() {
    RuntimeException thrown = new RuntimeException("enough");
    try (Trainer trainer = Tiny.trainer()) {
      trainer.addListener(event -> {
        throw thrown;
      });
      ExecutionException error = assertThrows(ExecutionException.class, () -> trainer.trainAsync().get());
      assertEquals(Status.CALLBACK_FAILED, ((SignSymException) error.getCause()).status());
      assertSame(thrown, error.getCause().getCause());
    }
  }

  @Test
  void a_future_that_is_cancelled_is_done_when_its_run_has_ended() throws Exception {
    try (Trainer trainer = endless()) {
      CountDownLatch running = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      List<String> how = new ArrayList<>();
      trainer.addListener(event -> {
        if (event.kind() == Kind.STEP) {
          running.countDown();
          goOn.await();
        }
        if (event.kind() == Kind.END) how.add(event.text());
      });
      CompletableFuture<Metrics> future = trainer.trainAsync();
      running.await();
      assertEquals(Status.BUSY, assertThrows(SignSymException.class, trainer::evaluate).status());
      assertTrue(future.cancel(false));
      assertFalse(future.isDone());
      goOn.countDown();
      assertThrows(CancellationException.class, future::get);
      assertEquals(List.of("cancelled"), how);
      assertEquals(32, trainer.evaluate().samples()); // no longer in use
      assertTrue(future.isCancelled());
      assertTrue(future.cancel(false)); // it is
    }
  }

  @Test
  void a_future_that_somebody_else_completes_ends_its_run() throws Exception {
    for (boolean byTime : new boolean[] {false, true}) {
      try (Trainer trainer = endless()) {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        trainer.addListener(event -> {
          if (event.kind() == Kind.STEP) running.countDown();
          if (event.kind() == Kind.END) ended.countDown();
        });
        CompletableFuture<Metrics> future = trainer.trainAsync();
        if (byTime) {
          future.orTimeout(1, TimeUnit.MILLISECONDS);
        } else {
          running.await();
          assertTrue(future.complete(null));
        }
        ended.await();
        assertEquals(byTime, future.isCompletedExceptionally());
      }
    }
  }

  @Test
  void a_future_that_is_done_cannot_be_cancelled() throws Exception {
    try (Trainer trainer = Tiny.trainer()) {
      CompletableFuture<Metrics> future = trainer.trainAsync();
      future.get();
      assertFalse(future.cancel(false));
      assertFalse(future.isCancelled());
    }
  }

  private static Trainer endless() {
    return Trainer.create(Tiny.config().with("train.epochs", "100000"));
  }

  @Test
  void every_run_says_where_it_ended() {
    try (Trainer trainer = Tiny.trainer()) {
      assertTrue(Double.isNaN(trainer.metrics().stepLoss()));
      Metrics first = trainer.trainFor(0, 3);
      assertEquals(List.of(3L, 3L, 4L), List.of(first.step(), first.stepInEpoch(), first.stepsPerEpoch()));
      assertFalse(first.finished());
      assertTrue(first.stepLoss() > 0 && Double.isNaN(first.loss()), first.toString());
      Metrics last = trainer.train();
      assertEquals(List.of(8L, 2L, 32L), List.of(last.step(), last.epoch(), last.samples()));
      assertTrue(last.finished());
      Evaluation evaluation = trainer.evaluate();
      assertEquals(evaluation.loss(), last.loss());
      assertEquals(evaluation.top1(), last.top1());
    }
  }

  @Test
  void a_call_that_is_told_BUSY_takes_nothing_from_the_call_that_runs() {
    Exception thrown = new Exception("enough");
    for (boolean fromSource : new boolean[] {false, true}) {
      try (Dataset training = Dataset.of(64, 10, new long[] {3, 32, 32}, (index, sample) -> {
            if (fromSource) throw thrown;
            while (sample.hasRemaining()) sample.put((byte) 0);
            return 0;
          });
          Dataset heldOut = Tiny.dataset(false);
          Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
        trainer.addListener(event -> {
          if (event.kind() == Kind.STEP) throw thrown;
          if (event.kind() != Kind.END) return;
          assertEquals(Status.BUSY, assertThrows(SignSymException.class, trainer::evaluate).status());
        });
        SignSymException error = assertThrows(SignSymException.class, trainer::train);
        assertSame(thrown, error.getCause());
      }
    }
  }

  @Test
  void closing_during_a_run_cancels_it() throws Exception {
    Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", "100000"));
    trainer.addListener(event -> {
      if (event.kind() == Kind.STEP) trainer.close();
    });
    assertEquals(Status.CANCELLED, assertThrows(SignSymException.class, trainer::train).status());
  }

  @Test
  void closing_from_another_thread_during_a_run_cancels_it_too() throws Exception {
    Trainer trainer = endless();
    CountDownLatch running = new CountDownLatch(1);
    trainer.addListener(event -> {
      if (event.kind() == Kind.STEP) running.countDown();
    });
    CompletableFuture<Metrics> future = trainer.trainAsync();
    running.await();
    trainer.close();
    ExecutionException error = assertThrows(ExecutionException.class, future::get);
    assertEquals(Status.CANCELLED, ((SignSymException) error.getCause()).status());
    assertThrows(IllegalStateException.class, trainer::train);
  }

  @Test
  void a_future_whose_trainer_is_closed_is_told_CANCELLED_or_was_at_its_end() throws Exception {
    for (int round = 0; round < 60; round++) {
      Trainer trainer = Tiny.trainer();
      CompletableFuture<Metrics> future = trainer.trainAsync(1, 0);
      if (round % 3 == 1) Thread.sleep(round);
      while (round % 3 == 2 && !future.isDone() && trainer.metrics().step() < 4) Thread.onSpinWait();
      trainer.close();
      try {
        assertEquals(4, future.get().step());
      } catch (ExecutionException error) {
        assertEquals(Status.CANCELLED, assertInstanceOf(SignSymException.class, error.getCause()).status());
      }
      assertThrows(IllegalStateException.class, trainer::trainAsync);
    }
  }

  @Test
  void what_a_person_should_know_is_logged_where_nobody_listens(@TempDir Path folder) throws Exception {
    Config config = Tiny.config().withText("output.folder", folder.resolve("run").toString());
    try (Trainer trainer = Trainer.create(config)) {
      trainer.train();
    }
    Path newest;
    try (var files = Files.walk(folder)) {
      newest = files.filter(file -> file.getFileName().toString().startsWith("checkpoint-8")).findFirst().get();
    }
    Files.writeString(newest, "damaged");
    List<String> logged = new ArrayList<>();
    Logger logger = Logger.getLogger("org.signsym");
    Handler handler = new Handler() {
      @Override
      public void publish(LogRecord record) {
        logged.add(record.getMessage());
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try (Trainer trainer = Trainer.resume(folder.resolve("run"))) {
      trainer.train();
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
    assertTrue(logged.stream().anyMatch(text -> text.contains("checkpoint-8")), logged.toString());
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
      trainer.addListener(event -> {
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
    Config config = Tiny.config().withText("output.folder", run.toString());
    try (Trainer trainer = Trainer.create(config)) {
      trainer.train();
    }
    assertEquals(Status.ALREADY_EXISTS, assertThrows(SignSymException.class, () -> Trainer.create(config)).status());
    assertTrue(Files.exists(run.resolve("model.safetensors")));
    try (Trainer trainer = Trainer.resume(run, Config.run(run))) {
      List<TrainingEvent> events = new ArrayList<>();
      trainer.addListener(events::add).train();
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
