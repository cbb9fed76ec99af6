import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.signsym.Config;
import org.signsym.SignSym;
import org.signsym.SignSymException;
import org.signsym.Status;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;

/** A step of a run in Java, for java.py: what trainer_step.c is in C. StepBenchmark CONFIG-TEXT */
public final class StepBenchmark {
  private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

  private static long start; // of the step that goes on, nanoseconds
  private static long left; // steps that are asked for

  public static void main(String[] arguments) {
    try (Trainer trainer = Trainer.create(Config.text(arguments[0]))) {
      trainer.addListener(StepBenchmark::pace).train();
    } catch (SignSymException error) {
      if (error.status() != Status.CALLBACK_FAILED || !(error.getCause() instanceof InterruptedException)) throw error;
    }
  }

  private static void pace(TrainingEvent event) throws Exception {
    if (event.kind() == TrainingEvent.Kind.START) {
      System.out.printf("{\"program\": \"Java\", \"version\": \"%s\", \"threads\": 2}%n", SignSym.version());
    } else if (event.kind() == TrainingEvent.Kind.STEP) {
      System.out.printf("%.9f%n", (System.nanoTime() - start) / 1e9);
      left--;
    } else {
      return;
    }
    if (left == 0) {
      String line = INPUT.readLine();
      if (line == null) throw new InterruptedException("the input has ended");
      left = Long.parseLong(line.substring("step ".length()));
    }
    start = System.nanoTime();
  }
}
