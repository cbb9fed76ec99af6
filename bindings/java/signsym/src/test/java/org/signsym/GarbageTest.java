package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The collector and the native side. SIGNSYM_TEST_FULL=1: the long form. */
@Timeout(600)
class GarbageTest {
  private static int others; // threads of the machine

  private static final boolean FULL = "1".equals(System.getenv("SIGNSYM_TEST_FULL"));

  @Test
  void a_run_holds_what_it_needs_while_the_collector_works() throws Exception {
    Thread collector = new Thread(() -> {
      while (!Thread.currentThread().isInterrupted()) System.gc();
    });
    collector.setDaemon(true);
    collector.start();
    try {
      for (int i = 0; i < (FULL ? 100 : 5); i++) {
        int[] steps = new int[1];
        // Nobody but the call itself holds the trainer.
        Tiny.trainer().onEvent(event -> {
          if (event.kind() == TrainingEvent.Kind.STEP) steps[0] += new byte[1000].length / 1000;
        }).train();
        assertEquals(8, steps[0]);
      }
    } finally {
      collector.interrupt();
      collector.join();
    }
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
    trainer.onEvent(event -> trainer.config());
    return new WeakReference<>(trainer);
  }

  // A trainer of this size holds about 1 MB; 100 that wait for the collector leave holes in the heap.
  @Test
  void closed_trainers_leave_no_memory_behind() throws Exception {
    stayFlat(FULL ? 10_000 : 300, 30_000, () -> {
      try (Trainer trainer = Tiny.trainer()) {
        trainer.onEvent(event -> {});
      }
    });
  }

  @Test
  void forgotten_trainers_leave_no_memory_behind() throws Exception {
    stayFlat(FULL ? 10_000 : 300, 120_000, () -> Tiny.trainer().onEvent(event -> {}));
  }

  @Test
  void epochs_take_the_same_memory_and_time() throws Exception {
    int epochs = FULL ? 50 : 20;
    List<Double> ends = new ArrayList<>();
    List<Long> memory = new ArrayList<>();
    try (Trainer trainer = Trainer.create(Tiny.config().with("train.epochs", String.valueOf(epochs)))) {
      trainer.onEvent(event -> {
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

  private static void stayFlat(int cycles, long shortTolerance, Runnable cycle) throws Exception {
    others = -1;
    loaderThreads();
    repeat(Math.max(200, cycles / 4), cycle);
    long before = residentKilobytes();
    repeat(cycles, cycle);
    long after = residentKilobytes();
    assertTrue(after <= before + (FULL ? before / 50 : shortTolerance), before + " kB before, " + after + " kB after");
  }

  private static void repeat(int count, Runnable cycle) throws Exception {
    for (int i = 1; i <= count; i++) {
      cycle.run();
      if (i % 100 == 0) collect();
    }
  }

  /** Until all that was forgotten is freed: each trainer has threads that load. */
  private static void collect() throws Exception {
    for (int i = 0; i < 500 && (i == 0 || loaderThreads() > 0); i++) {
      System.gc();
      Thread.sleep(20);
    }
  }

  private static int loaderThreads() throws Exception {
    int all = new java.io.File("/proc/self/task").list().length;
    if (others < 0) others = all;
    return all - others;
  }

  private static long residentKilobytes() throws Exception {
    for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("\\D", ""));
    }
    throw new IllegalStateException("no VmRSS");
  }
}
