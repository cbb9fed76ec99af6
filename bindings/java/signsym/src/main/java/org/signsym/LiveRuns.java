package org.signsym;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The runs that go on. Java's end would hold them fast in their next callback, before their checkpoint: so it closes
 * their trainers first, and waits for them.
 */
final class LiveRuns {
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);
  private static final Set<Trainer> TRAINERS = new HashSet<>();

  static {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(LiveRuns::end, "signsym-end"));
    } catch (IllegalStateException ending) {
      // The library lets nothing new begin.
    }
  }

  private LiveRuns() {}

  /** A run of the trainer, which has one at a time. */
  static <T> T during(Trainer trainer, Supplier<T> run) {
    synchronized (TRAINERS) {
      TRAINERS.add(trainer);
    }
    try {
      return run.get();
    } finally {
      synchronized (TRAINERS) {
        TRAINERS.remove(trainer);
        TRAINERS.notifyAll();
      }
    }
  }

  private static void end() {
    List<Trainer> running;
    synchronized (TRAINERS) {
      running = new ArrayList<>(TRAINERS);
    }
    for (Trainer trainer : running) trainer.close();
    if (Thread.getAllStackTraces().values().stream().anyMatch(LiveRuns::exitsInCallback)) return;
    long until = System.nanoTime() + PATIENCE;
    synchronized (TRAINERS) {
      try {
        for (long left = PATIENCE; !TRAINERS.isEmpty() && left > 0; left = until - System.nanoTime()) {
          TimeUnit.NANOSECONDS.timedWait(TRAINERS, left);
        }
      } catch (InterruptedException enough) {
        return;
      }
    }
  }

  /** A run in whose callback the process is ended cannot return before. */
  private static boolean exitsInCallback(StackTraceElement[] stack) {
    List<String> classes = Arrays.stream(stack).map(StackTraceElement::getClassName).toList();
    return classes.contains("java.lang.Shutdown")
        && (classes.contains(TrainerCalls.class.getName()) || classes.contains(Dataset.Caller.class.getName()));
  }
}
