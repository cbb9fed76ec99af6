package consumer;

import org.signsym.Config;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;

/** Main FOLDER [LIBRARY]: trains a moment on the MNIST files in the folder, after another library was loaded. */
public final class Main {
  public static void main(String[] arguments) {
    if (arguments.length > 1) System.load(arguments[1]);
    Config config = Config.text("data { mnist {} batch_size: 64 } model { mlp {} }"
        + " train { max_steps: 3 epochs: 1 } compute { threads: 1 }").withText("data.mnist.path", arguments[0]);
    try (Trainer trainer = Trainer.create(config)) {
      trainer.addListener(event -> {
        if (event.kind() == TrainingEvent.Kind.END) System.out.println(event.step() + " steps, " + event.text());
      }).train();
    }
  }
}
