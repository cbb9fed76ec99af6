import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.signsym.Config;
import org.signsym.Dataset;
import org.signsym.Trainer;

/** Callbacks into Java a second, as a line of JSON for java.py. */
public final class CallbackBenchmark {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  public static void main(String[] arguments) {
    System.out.printf("{\"samples\": %.0f, \"events\": %.0f}%n", samplesASecond(), eventsASecond());
  }

  private static Config config(int batch) {
    return Config.text("data { host {} batch_size: " + batch + " } model { mlp { classes: 2 } input { channels: 1 } }"
        + " train { epochs: 1000 evaluate_every_epochs: 1000 measure_alignment: false } compute { threads: 1 }");
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
      for (int epoch = 0; epoch < 3; epoch++) {
        long start = System.nanoTime();
        trainer.trainFor(1, 0);
        best = Math.max(best, size / ((System.nanoTime() - start) / 1e9));
      }
    }
    return best;
  }

  /** By the difference that events with a listener make to the time that a run of very small steps takes this thread. */
  private static double eventsASecond() {
    int rounds = 9;
    double[] added = new double[rounds];
    long steps = 20_000;
    try (Dataset set = Dataset.of(steps, 2, new long[] {1}, CallbackBenchmark::read);
        Trainer trainer = Trainer.create(config(1), set, null)) {
      double[] sum = new double[1];
      trainer.onEvent(event -> sum[0] += event.loss());
      for (int i = -1; i < rounds; i++) { // the first is not counted
        double seconds = epoch(trainer, 0) - epoch(trainer, 1e-9);
        if (i >= 0) added[i] = seconds / steps;
      }
    }
    Arrays.sort(added);
    return 1 / added[rounds / 2];
  }

  private static double epoch(Trainer trainer, double stepEventsPerSecond) {
    trainer.limitEvents(stepEventsPerSecond);
    long start = THREADS.getCurrentThreadCpuTime();
    trainer.trainFor(1, 0);
    return (THREADS.getCurrentThreadCpuTime() - start) / 1e9;
  }
}
