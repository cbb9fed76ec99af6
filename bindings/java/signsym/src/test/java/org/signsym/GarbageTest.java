package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.signsym.internal.Handle;

/** The collector and the native side. SIGNSYM_TEST_FULL=1: the long form, with the counts that are promised. */
@Timeout(1500)
class GarbageTest {
  private static final boolean FULL = "1".equals(System.getenv("SIGNSYM_TEST_FULL"));
  private static final int EVERY = 100; // cycles from one forced collection to the next
  private static final int LEAK = 20; // kB a cycle that the short form must see

  /** An action while the collector works on another thread. */
  private static void duringCollections(Callable<Void> action) throws Exception {
    Thread collector = new Thread(() -> {
      while (!Thread.currentThread().isInterrupted()) System.gc();
    });
    collector.setDaemon(true);
    collector.start();
    try {
      for (int i = 0; i < (FULL ? 100 : 5); i++) action.call();
    } finally {
      collector.interrupt();
      collector.join();
    }
  }

  @Test
  void a_run_holds_what_it_needs_while_the_collector_works() throws Exception {
    duringCollections(() -> {
      int[] steps = new int[1];
      // Nobody but the call itself holds the trainer.
      Tiny.trainer().addListener(event -> {
        if (event.kind() == TrainingEvent.Kind.STEP) steps[0] += new byte[1000].length / 1000;
      }).train();
      assertEquals(8, steps[0]);
      return null;
    });
  }

  @Test
  void a_run_holds_the_data_of_its_host_while_the_collector_works() throws Exception {
    double expected = trainedOn(Tiny.dataset(true));
    duringCollections(() -> {
      assertEquals(expected, trainedOn(Tiny.dataset(true)));
      assertEquals(expected, trainedOn(made(false)));
      assertEquals(expected, trainedOn(made(true)));
      return null;
    });
  }

  /** The loss at the end. Nobody but the run holds the sets, their memory and functions. */
  private static double trainedOn(Dataset training) {
    return Trainer.create(Tiny.hostConfig(), training, Tiny.dataset(false)).train().loss();
  }

  /** The training set by a function, which nobody else holds. */
  private static Dataset made(boolean concurrent) {
    byte[] records = Tiny.records(true);
    return Dataset.of(64, 10, new long[] {3, 32, 32}, Type.U8, Layout.NCHW, concurrent, (index, sample) -> {
      sample.put(records, (int) index * 3073 + 1, 3072);
      return records[(int) index * 3073];
    });
  }

  @Test
  void a_trainer_that_its_own_listener_holds_is_collected() throws Exception {
    WeakReference<Trainer> forgotten = forget();
    for (int i = 0; i < 100 && forgotten.get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertTrue(forgotten.get() == null);
  }

  private static WeakReference<Trainer> forget() {
    Trainer trainer = Tiny.trainer();
    trainer.addListener(event -> trainer.config());
    return new WeakReference<>(trainer);
  }

  @Test
  void a_trainer_that_its_own_source_holds_is_collected() throws Exception {
    for (boolean concurrent : new boolean[] {false, true}) {
      WeakReference<Session> forgotten = forgetSession(concurrent);
      for (int i = 0; i < 100 && forgotten.get() != null; i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertTrue(forgotten.get() == null);
    }
  }

  /** Holds its data set and its trainer, and is held by the source. */
  private static final class Session implements SampleSource {
    final Dataset data;
    final Trainer trainer;

    Session(boolean concurrent) {
      data = small(concurrent, this);
      trainer = trainer(data);
    }

    @Override
    public long read(long index, ByteBuffer sample) {
      return trainer == null ? 1 : 0;
    }
  }

  private static Dataset small(boolean concurrent, SampleSource source) {
    return Dataset.of(64, 2, new long[] {2}, Type.F32, Layout.NCHW, concurrent, source);
  }

  private static Trainer trainer(Dataset small) {
    return Trainer.create(Config.text("data { host {} batch_size: 2 loader_threads: 1 } compute { threads: 1 }"
        + " model { mlp { hidden: 4 classes: 2 } input { channels: 2 } } feedback { rule: SIGN_SYMMETRY }"), small, null);
  }

  private static WeakReference<Session> forgetSession(boolean concurrent) {
    Session session = new Session(concurrent);
    session.trainer.trainFor(0, 1);
    return new WeakReference<>(session);
  }

  /** To free a trainer is to wait for its threads that load. */
  @Test
  void others_are_freed_while_the_source_of_a_forgotten_trainer_waits() throws Exception {
    CountDownLatch block = new CountDownLatch(1);
    try {
      WeakReference<Trainer> forgotten = forgetBlocked(block);
      for (int i = 0; i < 100 && forgotten.get() != null; i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertTrue(forgotten.get() == null);
      AtomicBoolean freed = new AtomicBoolean();
      Handle.freeAfter(new Object(), () -> freed.set(true));
      for (int i = 0; i < 500 && !freed.get(); i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertTrue(freed.get());
    } finally {
      block.countDown();
    }
  }

  private static WeakReference<Trainer> forgetBlocked(CountDownLatch block) {
    AtomicInteger reads = new AtomicInteger();
    Trainer trainer = trainer(small(true, (index, sample) -> {
      if (reads.incrementAndGet() > 2) block.await(); // of the second batch
      return 0;
    }));
    trainer.trainFor(0, 1);
    return new WeakReference<>(trainer);
  }

  @Test
  void trainers_that_are_forgotten_on_an_empty_heap_do_not_pile_up() throws Exception {
    int before = threads(); // a trainer has threads that load
    Tiny.trainer();
    int each = threads() - before;
    assertTrue(each > 0);
    for (int i = 0; i < 300; i++) {
      Tiny.trainer();
      assertTrue(threads() < before + 100 * each, i + " trainers, " + threads() + " threads");
    }
  }

  @Test
  void what_is_closed_leaves_no_memory_behind() throws Exception {
    stayFlat(true);
  }

  @Test
  void what_is_forgotten_leaves_no_memory_behind() throws Exception {
    stayFlat(false);
  }

  @Test
  void epochs_take_the_same_memory_and_time() throws Exception {
    int epochs = FULL ? 50 : 20;
    List<Double> ends = new ArrayList<>();
    List<Long> memory = new ArrayList<>();
    try (Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", String.valueOf(epochs)))) {
      trainer.addListener(event -> {
        if (event.kind() != TrainingEvent.Kind.EPOCH) return;
        ends.add(event.seconds());
        memory.add(residentKilobytes());
      }).train();
    }
    int warm = epochs / 5;
    long before = memory.get(warm);
    long after = memory.get(epochs - 1);
    assertTrue(after <= before * 1.02, before + " kB before, " + after + " kB after");
    if (FULL) {
      double early = (ends.get(epochs / 2) - ends.get(warm)) / (epochs / 2 - warm);
      double late = (ends.get(epochs - 1) - ends.get(epochs / 2)) / (epochs - 1 - epochs / 2);
      assertTrue(late <= early * 1.1, early + " s an epoch early, " + late + " s late");
    }
  }

  /** One of each that can be made, used a little; closed, or forgotten. */
  private static void cycle(boolean close) {
    Config config = Config.text("data { host {} batch_size: 16 }"
        + " model { mlp { hidden: 16 classes: 2 } input { channels: 1 } } optimizer { learning_rate: 0.01 } train { epochs: 1 } compute { threads: 1 }");
    Tensor samples = Tensor.of(new float[32], 32, 1);
    Tensor labels = Tensor.of(new long[32]);
    Dataset memory = Dataset.of(samples, labels, 2);
    Dataset made = Dataset.of(16, 2, new long[] {1}, (index, sample) -> {
      sample.putFloat(index);
      return index % 2;
    });
    Model model = Model.create(config);
    CancelToken token = new CancelToken();
    Trainer trainer = Trainer.create(config, model, memory, made);
    assertEquals(2, trainer.addListener(event -> {}).train(token).step());
    trainer.step(samples, labels, Layout.NCHW);
    model.predict(samples).toFloatArray();
    model.tensor(model.parameters().get(0)).toFloatArray();
    if (!close) return;
    for (AutoCloseable each : List.of(trainer, token, model, made, memory)) {
      try {
        each.close();
      } catch (Exception never) {
        throw new AssertionError(never);
      }
    }
  }

  private static void stayFlat(boolean close) throws Exception {
    int cycles = FULL ? 10_000 : 500;
    repeat(cycles / 2, close); // until the machine has compiled it, and the allocators have the most that they need
    long before = residentKilobytes();
    repeat(cycles, close);
    long after = residentKilobytes();
    long more = FULL ? before / 50 : (long) cycles * LEAK;
    String flat = before + " kB before, " + after + " kB after " + cycles + " cycles";
    System.out.println((close ? "closed: " : "forgotten: ") + flat);
    assertTrue(after <= before + more, flat);
  }

  private static void repeat(int count, boolean close) throws Exception {
    int idle = threads();
    for (int i = 1; i <= count; i++) {
      cycle(close);
      if (i % EVERY == 0) collect(idle);
    }
  }

  /** Until all that was forgotten is freed: each trainer has threads that load. */
  private static void collect(int idle) throws Exception {
    for (int i = 0; i < 100 && (i == 0 || threads() > idle); i++) {
      System.gc();
      Thread.sleep(20);
    }
  }

  private static int threads() {
    return new File("/proc/self/task").list().length;
  }

  private static long residentKilobytes() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("\\D", ""));
    }
    throw new IllegalStateException("no VmRSS");
  }
}
