import java.nio.file.Path;
import java.util.Arrays;
import org.signsym.Config;
import org.signsym.SignSymException;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;

/**
 * Trains what a config says, with progress. TrainCifar CONFIG [FIELD=VALUE …], as in
 * TrainCifar examples/configs/demo-cifar10.textproto feedback.rule=SIGN_SYMMETRY train.epochs=3
 */
public final class TrainCifar {
  public static void main(String[] arguments) {
    if (arguments.length == 0 || !Arrays.stream(arguments).skip(1).allMatch(change -> change.contains("="))) {
      System.err.println("usage: TrainCifar CONFIG [FIELD=VALUE …]");
      System.exit(2);
    }
    try {
      Config config = Config.file(Path.of(arguments[0]));
      for (int i = 1; i < arguments.length; i++) {
        String[] change = arguments[i].split("=", 2);
        config = config.with(change[0], change[1]);
      }
      try (Trainer trainer = Trainer.create(config)) {
        trainer.limitEvents(2);
        trainer.addListener(TrainCifar::tell).train();
      }
    } catch (SignSymException error) {
      System.err.println(error.status() + ": " + error.getMessage());
      System.exit(1);
    }
  }

  private static void tell(TrainingEvent event) {
    switch (event.kind()) {
      case STEP -> System.out.printf("\repoch %d of %d, step %d of %d, loss %.3f, %.0f pictures a second ", event.epoch(),
          event.epochs(), event.stepInEpoch(), event.stepsPerEpoch(), event.loss(), event.samplesPerSecond());
      case EPOCH -> System.out.printf("%nepoch %d: loss %.3f, held out %.1f %%%n", event.epoch(), event.loss(),
          event.top1());
      case LOG, END -> System.out.printf("%n%s%n", event.text());
      default -> { }
    }
  }
}
