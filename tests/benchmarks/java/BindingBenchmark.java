import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.signsym.Config;
import org.signsym.Dataset;
import org.signsym.Layout;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;
import org.signsym.Type;

/**
 * What Java costs: a step of CIFAR ResNet-18 (batch 64) beside the C driver's, turn about; callbacks a second.
 * BindingBenchmark DRIVER CIFAR-FOLDER [ROUNDS]
 */
public final class BindingBenchmark {
  private static final int STEPS = 8;

  public static void main(String[] arguments) throws Exception {
    System.out.printf("samples by callback: %.0f a second%n", samplesASecond());
    System.out.printf("events: %.2f us each%n", eventMicroseconds());
    int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 5;
    double[] ratios = new double[rounds];
    Config config = Config.text("data { cifar10 { path: '" + arguments[1] + "' } batch_size: 64 drop_last: true }"
        + " model { resnet { depth: 18 } } train { epochs: 1 max_steps: " + STEPS + " evaluate_every_epochs: 9"
        + " measure_alignment: false } compute { precision: FP32 }");
    for (int i = 0; i < rounds; i++) {
      double driver = driverStep(arguments[0], config);
      double java = javaStep(config);
      ratios[i] = java / driver;
      System.out.printf("step: driver %.3f s, Java %.3f s, ratio %.3f%n", driver, java, ratios[i]);
    }
    Arrays.sort(ratios);
    System.out.printf("step: Java / driver, median of %d rounds of %d steps: %.3f%n", rounds, STEPS, ratios[rounds / 2]);
  }

  /** Median seconds of a step, as the run tells them. */
  private static double median(List<Double> seconds) {
    double[] steps = new double[seconds.size() - 1];
    for (int i = 0; i < steps.length; i++) steps[i] = seconds.get(i + 1) - seconds.get(i);
    Arrays.sort(steps);
    return steps[steps.length / 2];
  }

  private static double javaStep(Config config) {
    List<Double> seconds = new java.util.ArrayList<>();
    try (Trainer trainer = Trainer.create(config)) {
      trainer.onEvent(event -> {
        if (event.kind() == TrainingEvent.Kind.STEP) seconds.add(event.seconds());
      }).train();
    }
    return median(seconds);
  }

  private static double driverStep(String driver, Config config) throws Exception {
    Path folder = Files.createTempDirectory("signsym-benchmark");
    Path file = Files.writeString(folder.resolve("config.textproto"), config.toText());
    Process process = new ProcessBuilder(driver, "train", file.toString(), "--out", folder.resolve("run").toString())
        .redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    if (process.waitFor() != 0) throw new IllegalStateException("the driver failed");
    for (String line : Files.readAllLines(folder.resolve("run/metrics.jsonl"))) {
      java.util.regex.Matcher median = java.util.regex.Pattern.compile("\"step_seconds\": ?([0-9.e-]+)").matcher(line);
      if (median.find()) return Double.parseDouble(median.group(1));
    }
    throw new IllegalStateException("no step_seconds in metrics.jsonl");
  }

  private static long read(long index, java.nio.ByteBuffer sample) {
    sample.putFloat(index & 1);
    return index & 1;
  }

  private static double samplesASecond() {
    Config config = Config.text("data { host {} batch_size: 4096 } model { mlp { classes: 2 } input { channels: 1 height: 1 "
        + "width: 1 } } train { epochs: 2 evaluate_every_epochs: 9 measure_alignment: false } compute { threads: 1 }");
    long size = 1_000_000;
    double best = 0;
    try (Dataset set = Dataset.of(size, 2, new long[] {1}, Type.F32, Layout.NCHW, false, BindingBenchmark::read);
        Dataset heldOut = Dataset.of(2, 2, new long[] {1}, Type.F32, Layout.NCHW, false, BindingBenchmark::read);
        Trainer trainer = Trainer.create(config, null, set, heldOut)) {
      for (int epoch = 0; epoch < 2; epoch++) {
        long start = System.nanoTime();
        trainer.trainFor(1, 0);
        best = Math.max(best, size / ((System.nanoTime() - start) / 1e9));
      }
    }
    return best;
  }

  /** The difference that a listener makes to a run of very small steps. */
  private static double eventMicroseconds() {
    double[] with = new double[5];
    double[] without = new double[5];
    for (int i = 0; i < 5; i++) {
      without[i] = smallSteps(false);
      with[i] = smallSteps(true);
    }
    Arrays.sort(with);
    Arrays.sort(without);
    return (with[2] - without[2]) * 1e6;
  }

  private static double smallSteps(boolean listen) {
    Config config = Config.text("data { host {} batch_size: 1 } model { mlp { classes: 2 } input { channels: 1 height: 1 "
        + "width: 1 } } train { epochs: 1 evaluate_every_epochs: 9 measure_alignment: false } compute { threads: 1 }");
    long size = 20_000;
    ThreadMXBean threads = ManagementFactory.getThreadMXBean(); // this thread's own time
    try (Dataset set = Dataset.of(size, 2, new long[] {1}, Type.F32, Layout.NCHW, false, BindingBenchmark::read);
        Trainer trainer = Trainer.create(config, null, set, set)) {
      double[] sum = new double[1];
      if (listen) trainer.onEvent(event -> sum[0] += event.loss());
      long start = threads.getCurrentThreadCpuTime();
      trainer.train();
      return (threads.getCurrentThreadCpuTime() - start) / 1e9 / size;
    }
  }
}
