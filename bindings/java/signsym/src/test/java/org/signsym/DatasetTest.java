package org.signsym;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.signsym.internal.Handle;

@Timeout(120)
class DatasetTest {
  private static final long[] PICTURE = {3, 32, 32};

  private static byte[] trainedOnFiles() {
    try (Trainer trainer = Trainer.create(Tiny.config().with("model.resnet_cifar.classes", "10"))) {
      trainer.train();
      return weights(trainer);
    }
  }

  private static byte[] weights(Trainer trainer) {
    try (Model model = trainer.model()) {
      StringBuilder all = new StringBuilder();
      for (String name : model.tensors()) all.append(java.util.Arrays.toString(model.tensor(name).toFloatArray()));
      return all.toString().getBytes();
    }
  }

  private static Dataset made(boolean concurrent, SampleSource source) {
    return Dataset.of(64, 10, PICTURE, Type.U8, Layout.NCHW, concurrent, source);
  }

  private static SampleSource records() {
    byte[] records = Tiny.records(true);
    return (index, sample) -> {
      sample.put(records, (int) index * 3073 + 1, 3072);
      return records[(int) index * 3073];
    };
  }

  @Test
  void a_set_says_its_size_classes_and_shape() {
    try (Dataset files = Dataset.of(Tiny.config(), Dataset.Part.TRAINING);
        Dataset memory = Tiny.dataset(false)) {
      assertEquals(64, files.size());
      assertEquals(10, files.classes());
      assertArrayEquals(PICTURE, files.shape());
      assertEquals(32, memory.size());
      assertArrayEquals(PICTURE, memory.shape());
      memory.close();
      assertThrows(IllegalStateException.class, memory::size);
    }
  }

  @Test
  void what_was_asked_for_while_another_thread_closed_is_no_answer() throws Exception {
    Handle handle = new Handle("thing", 1, token -> {});
    assertEquals("open", handle.read(token -> "open"));
    IllegalStateException error = assertThrows(IllegalStateException.class, () -> handle.read(token -> {
      handle.close();
      return 0;
    }));
    assertEquals("the thing is closed", error.getMessage());
    Tensor samples = Tensor.of(new float[2], 2, 1);
    Tensor labels = Tensor.of(new long[2]);
    for (int i = 0; i < 300; i++) {
      Dataset set = Dataset.of(samples, labels, 2);
      CompletableFuture<Void> other = CompletableFuture.runAsync(set::close);
      assertThrows(IllegalStateException.class, () -> {
        while (true) {
          assertEquals(2, set.size());
          assertEquals(2, set.classes());
          assertArrayEquals(new long[] {1, 1, 1}, set.shape());
        }
      });
      other.get();
    }
  }

  @Test
  void memory_and_functions_train_to_the_bytes_that_files_do() {
    byte[] expected = trainedOnFiles();
    for (Dataset training : new Dataset[] {Tiny.dataset(true), made(false, records()), made(true, records())}) {
      try (Dataset heldOut = Tiny.dataset(false);
          Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
        training.close(); // the trainer keeps it
        System.gc();
        trainer.train();
        assertArrayEquals(expected, weights(trainer));
      }
    }
  }

  @Test
  void what_a_source_throws_stops_the_run_and_is_the_cause() {
    for (boolean concurrent : new boolean[] {false, true}) {
      IOException thrown = new IOException("no more");
      SampleSource good = records();
      AtomicInteger calls = new AtomicInteger();
      try (Dataset training = made(concurrent, (index, sample) -> {
            if (calls.incrementAndGet() == 40) throw thrown;
            return good.read(index, sample);
          });
          Dataset heldOut = Tiny.dataset(false);
          Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
        SignSymException error = assertThrows(SignSymException.class, trainer::train);
        assertEquals(Status.CALLBACK_FAILED, error.status());
        assertSame(thrown, error.getCause());
        trainer.train(); // it goes on
        assertTrue(trainer.isFinished());
      }
    }
  }

  @Test
  void what_a_source_throws_where_a_part_of_it_is_held_out_is_the_cause_everywhere() {
    Config config = Tiny.hostConfig().with("data.held_out", "VALIDATION").with("data.validation_fraction", "0.3");
    IOException thrown = new IOException("no more");
    AtomicInteger left = new AtomicInteger();
    SampleSource good = records();
    for (boolean concurrent : new boolean[] {false, true}) {
      try (Dataset set = made(concurrent, (index, sample) -> {
            if (left.decrementAndGet() < 0) throw thrown;
            return good.read(index, sample);
          })) {
        left.set(10); // to split, it asks for all labels
        SignSymException error =
            assertThrows(SignSymException.class, () -> Trainer.create(config, set, null));
        assertEquals(Status.CALLBACK_FAILED, error.status());
        assertSame(thrown, error.getCause());
        left.set(Integer.MAX_VALUE);
        try (Trainer trainer = Trainer.create(config, set, null)) {
          trainer.evaluate();
          left.set(5);
          assertSame(thrown, assertThrows(SignSymException.class, trainer::evaluate).getCause());
        }
      }
    }
  }

  @Test
  void a_run_whose_source_throws_leaves_a_checkpoint_of_its_last_whole_step(@TempDir Path folder) {
    Config config = Tiny.hostConfig().withText("output.folder", folder.resolve("run").toString());
    SampleSource good = records();
    AtomicInteger calls = new AtomicInteger();
    try (Dataset training = made(false, (index, sample) -> {
          if (calls.incrementAndGet() == 40) throw new IOException("once");
          return good.read(index, sample);
        });
        Dataset heldOut = Tiny.dataset(false)) {
      try (Trainer trainer = Trainer.create(config, training, heldOut)) {
        assertThrows(SignSymException.class, trainer::train);
      }
      try (Trainer trainer = Trainer.resume(folder.resolve("run"), training, heldOut)) {
        assertEquals(2, trainer.metrics().step());
        assertEquals(8, trainer.train().step());
      }
    }
  }

  @Test
  void a_concurrent_source_has_the_class_loader_of_who_made_the_set() {
    ClassLoader loader = new ClassLoader(getClass().getClassLoader()) {};
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    Set<ClassLoader> seen = ConcurrentHashMap.newKeySet();
    SampleSource good = records();
    Thread.currentThread().setContextClassLoader(loader);
    try (Dataset training = made(true, (index, sample) -> {
          seen.add(Thread.currentThread().getContextClassLoader());
          return good.read(index, sample);
        });
        Trainer trainer = Trainer.create(Tiny.hostConfig(), training, null)) {
      trainer.trainFor(1, 0);
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
    assertEquals(Set.of(loader), seen);
  }

  @Test
  void a_source_that_is_not_concurrent_is_called_on_the_thread_that_trains() throws Exception {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    SampleSource good = records();
    try (Dataset training = made(false, (index, sample) -> {
          threads.add(Thread.currentThread());
          return good.read(index, sample);
        });
        Dataset heldOut = Tiny.dataset(false);
        Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
      trainer.train();
    }
    assertEquals(Set.of(Thread.currentThread()), threads);
  }

  @Test
  void labels_and_shapes_that_do_not_fit_are_refused() {
    Tensor pictures = Tiny.pictures(false);
    assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
        () -> Dataset.of(pictures, Tensor.of(new long[] {1, 2}), Layout.NCHW, 10)).status());
    assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
        () -> Dataset.of(pictures, Tiny.labels(false), Layout.NCHW, 3)).status());
    assertEquals(Status.INVALID_ARGUMENT, assertThrows(SignSymException.class,
        () -> Dataset.of(-1, 10, PICTURE, Type.U8, Layout.NCHW, false, records())).status());
    assertThrows(NullPointerException.class, () -> made(false, null));
    try (Dataset small = Dataset.of(Tensor.of(new float[32 * 768], 32, 3, 16, 16), Tiny.labels(false), Layout.NCHW, 10)) {
      SignSymException error = assertThrows(SignSymException.class,
          () -> Trainer.create(Tiny.hostConfig(), small, small));
      assertEquals(Status.INVALID_CONFIG, error.status(), error.getMessage());
      assertEquals("model.input", error.field());
    }
  }

  @Test
  void memory_is_used_in_place() {
    ByteBuffer memory = ByteBuffer.allocateDirect(16 * 3072 * 4).order(ByteOrder.nativeOrder());
    Tensor pictures = Tensor.wrap(memory, Type.F32, 16, 3, 32, 32);
    try (Dataset training = Dataset.of(pictures, Tensor.of(new long[16]), 10);
        Trainer trainer = Trainer.create(Tiny.hostConfig(), training, null)) {
      memory.putFloat(0, Float.NaN); // in the only batch of an epoch
      assertEquals(Status.DIVERGED, assertThrows(SignSymException.class, trainer::train).status());
    }
  }

  @Test
  void what_a_source_threw_in_a_run_that_ended_otherwise_is_not_told_of_the_next_one() {
    CountDownLatch threw = new CountDownLatch(1);
    SampleSource good = records();
    AtomicInteger calls = new AtomicInteger();
    try (Dataset training = made(true, (index, sample) -> {
          if (calls.incrementAndGet() == 40) {
            threw.countDown();
            throw new IOException("of a sample that is read ahead");
          }
          return good.read(index, sample);
        });
        Dataset heldOut = Tiny.dataset(false);
        Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
      trainer.addListener(event -> {
        if (event.kind() != TrainingEvent.Kind.STEP) return;
        assertTrue(threw.await(30, TimeUnit.SECONDS), "nothing is read ahead");
        trainer.pause();
      }).train();
      Exception enough = new Exception("enough");
      trainer.addListener(event -> {
        throw enough;
      });
      SignSymException error = assertThrows(SignSymException.class, trainer::train);
      assertSame(enough, error.getCause());
      assertEquals(0, error.getSuppressed().length);
    }
  }

  @Test
  void a_run_on_data_of_ones_own_is_resumed_with_them(@TempDir Path folder) {
    Path run = folder.resolve("run");
    Config config = Tiny.hostConfig().withText("output.folder", run.toString());
    try (Dataset training = Tiny.dataset(true); Dataset heldOut = Tiny.dataset(false)) {
      byte[] whole;
      try (Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
        trainer.train();
        whole = weights(trainer);
      }
      try (Trainer trainer = Trainer.create(config, training, heldOut)) {
        trainer.trainFor(1, 0);
      }
      try (Trainer trainer = Trainer.resume(run, training, heldOut)) {
        assertEquals(4, trainer.metrics().step());
        assertEquals(8, trainer.train().step());
        assertArrayEquals(whole, weights(trainer));
      }
    }
  }

  @Test
  void two_trainers_on_one_set_are_each_told_what_was_thrown_for_them() {
    for (boolean concurrent : new boolean[] {false, true}) {
      IOException first = new IOException("first");
      IOException second = new IOException("second");
      AtomicReference<IOException> next = new AtomicReference<>(first);
      Config config = Tiny.hostConfig().with("data.batch_size", "64"); // one batch: nothing is read ahead
      List<Throwable> causes = new ArrayList<>();
      try (Dataset set = made(concurrent, (index, sample) -> {
            throw next.get();
          });
          Trainer outer = Trainer.create(config, set, set);
          Trainer inner = Trainer.create(config, set, set)) {
        outer.addListener(event -> {
          if (event.kind() != TrainingEvent.Kind.END) return;
          next.set(second);
          causes.add(assertThrows(SignSymException.class, inner::train).getCause());
        });
        causes.add(assertThrows(SignSymException.class, outer::train).getCause());
      }
      assertEquals(List.of(second, first), causes);
    }
  }

  @Test
  void what_is_thrown_late_for_one_run_is_not_the_cause_in_the_next() {
    IOException late = new IOException("late");
    IOException own = new IOException("own");
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch next = new CountDownLatch(1);
    SampleSource good = records();
    AtomicInteger calls = new AtomicInteger();
    try (Dataset training = made(true, (index, sample) -> {
          if (next.getCount() == 0) throw own;
          if (calls.incrementAndGet() < 40) return good.read(index, sample);
          entered.countDown();
          next.await();
          throw late;
        });
        Dataset heldOut = Tiny.dataset(false);
        Trainer trainer = Trainer.create(Tiny.hostConfig().with("data.loader_threads", "1"), training, heldOut)) {
      trainer.addListener(event -> {
        if (event.kind() != TrainingEvent.Kind.STEP) return;
        assertTrue(entered.await(30, TimeUnit.SECONDS), "nothing is read ahead");
        trainer.pause();
      }).train();
      trainer.addListener(event -> {
        if (event.kind() == TrainingEvent.Kind.START) next.countDown();
      });
      assertSame(own, assertThrows(SignSymException.class, trainer::train).getCause());
    }
  }

  @Test
  void what_a_listener_throws_at_the_end_of_a_run_that_failed_is_suppressed() {
    IOException thrown = new IOException("no more");
    Exception after = new Exception("after");
    try (Dataset training = made(false, (index, sample) -> {
          throw thrown;
        });
        Dataset heldOut = Tiny.dataset(false);
        Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
      trainer.addListener(event -> {
        if (event.kind() == TrainingEvent.Kind.END) throw after;
      });
      SignSymException error = assertThrows(SignSymException.class, trainer::train);
      assertSame(thrown, error.getCause());
      assertArrayEquals(new Throwable[] {after}, error.getSuppressed());
    }
  }

  @Test
  void a_label_that_cannot_be_is_told_in_the_words_of_the_library() {
    try (Dataset training = made(false, (index, sample) -> 10);
        Dataset heldOut = Tiny.dataset(false);
        Trainer trainer = Trainer.create(Tiny.hostConfig(), training, heldOut)) {
      SignSymException error = assertThrows(SignSymException.class, trainer::train);
      assertEquals(Status.CALLBACK_FAILED, error.status());
      assertTrue(error.getMessage().contains("the label 10"), error.getMessage());
      assertNull(error.getCause());
    }
  }

  @Test
  void a_source_that_is_not_concurrent_is_never_in_two_calls_at_once_whichever_trainers_ask() throws Exception {
    SampleSource good = records();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (Dataset set = made(false, (index, sample) -> {
          most.accumulateAndGet(inside.incrementAndGet(), Math::max);
          Thread.sleep(1);
          inside.decrementAndGet();
          return good.read(index, sample);
        });
        Trainer first = Trainer.create(Tiny.hostConfig(), set, null);
        Trainer second = Trainer.create(Tiny.hostConfig(), set, null)) {
      CompletableFuture<Metrics> other = first.trainAsync(1, 0);
      second.trainFor(1, 0);
      other.get();
    }
    assertEquals(1, most.get());
  }

  @Test
  void a_sample_that_no_buffer_can_hold_is_refused() {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class,
        () -> Dataset.of(1, 10, new long[] {1L << 29}, records()));
    assertTrue(error.getMessage().contains("2147483647"), error.getMessage());
  }
}
