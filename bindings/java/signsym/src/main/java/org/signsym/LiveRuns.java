package org.signsym;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The runs that go on. Java's end would hold them fast in their next callback, before their checkpoint: so it cancels
 * them first, and waits for them.
 */
final class LiveRuns {
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);
  private static final Map<Trainer, CancelToken> RUNS = new HashMap<>();

  /** For a run that nobody else cancels. */
  static final CancelToken PROCESS_ENDS = new CancelToken();

  static {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(LiveRuns::end, "signsym-end"));
    } catch (IllegalStateException ending) {
      // The library lets nothing new begin.
    }
  }

  private LiveRuns() {}

  /** A run of the trainer, which has one at a time, under this token. */
  static <T> T during(Trainer trainer, CancelToken cancel, Supplier<T> run) {
    synchronized (RUNS) {
      RUNS.put(trainer, cancel);
    }
    try {
      return run.get();
    } finally {
      synchronized (RUNS) {
        RUNS.remove(trainer);
        RUNS.notifyAll();
      }
    }
  }

  private static void end() {
    Map<Trainer, CancelToken> running;
    synchronized (RUNS) {
      running = new HashMap<>(RUNS);
    }
    running.forEach((trainer, cancel) -> {
      try {
        cancel.cancel();
      } catch (IllegalStateException closed) {
        trainer.close();
      }
    });
    if (Thread.getAllStackTraces().values().stream().anyMatch(LiveRuns::exitsInCallback)) return;
    long until = System.nanoTime() + PATIENCE;
    synchronized (RUNS) {
      try {
        for (long left = PATIENCE; !RUNS.isEmpty() && left > 0; left = until - System.nanoTime()) {
          TimeUnit.NANOSECONDS.timedWait(RUNS, left);
        }
      } catch (InterruptedException enough) {
        return;
      }
    }
  }

  /** A run on whose thread the process is ended, in a callback, cannot return before. */
  private static boolean exitsInCallback(StackTraceElement[] stack) {
    List<String> classes = Arrays.stream(stack).map(StackTraceElement::getClassName).toList();
    return classes.contains("java.lang.Shutdown") && classes.contains(LiveRuns.class.getName());
  }
}
