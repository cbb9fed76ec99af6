package org.signsym;

import java.nio.ByteBuffer;
import org.signsym.internal.EventCallback;
import org.signsym.internal.Raw;

/** Callbacks into Java a second, as a line of JSON for java.py. */
public final class CallbackBenchmark {
  public static void main(String[] arguments) {
    System.out.printf("{\"samples\": %.0f, \"events\": %.0f}%n", samplesASecond(), eventsASecond());
  }

  private static Config config(int batch) {
    return Config.text("data { host {} batch_size: " + batch + " } model { mlp { classes: 2 } input { channels: 1 } }"
        + " train { epochs: 3 evaluate_every_epochs: 1000 measure_alignment: false } compute { threads: 1 }");
  }

  private static long read(long index, ByteBuffer sample) {
    sample.putFloat(index & 1);
    return index & 1;
  }

  /** With all else that an epoch of large batches does. */
  private static double samplesASecond() {
    long size = 1_000_000;
    double best = 0;
    try (Dataset set = Dataset.of(size, 2, new long[] {1}, CallbackBenchmark::read);
        Trainer trainer = Trainer.create(config(4096), set, null)) {
      while (!trainer.isFinished()) {
        long start = System.nanoTime();
        trainer.trainFor(1, 0);
        best = Math.max(best, size / ((System.nanoTime() - start) / 1e9));
      }
    }
    return best;
  }

  /** All that Java does for an event of a run and its listener; the way from C, which samples go too, is made once. */
  private static double eventsASecond() {
    int count = 200_000;
    double[] loss = new double[1];
    double[] best = new double[1];
    TrainerCalls calls = new TrainerCalls(true);
    calls.listeners.add(event -> loss[0] += event.loss());
    EventCallback callback = calls.callback();
    try (Dataset set = Dataset.of(8, 2, new long[] {1}, CallbackBenchmark::read)) {
      long trainer = config(1).call(settings -> set.lend(calls.trainingFailure,
          data -> Raw.signsym_trainer_create_with(settings, 0, data, 0)));
      try {
        Raw.signsym_trainer_on_event(trainer, event -> {
          if (Raw.signsym_event_type(event) != Raw.SIGNSYM_EVENT_STEP) return 0;
          long start = System.nanoTime();
          for (int i = 0; i < count; i++) callback.call(event);
          best[0] = Math.max(best[0], count / ((System.nanoTime() - start) / 1e9));
          return 0;
        });
        Raw.signsym_trainer_run(trainer, 0);
      } finally {
        Raw.signsym_trainer_free(trainer);
      }
    }
    return best[0];
  }
}
