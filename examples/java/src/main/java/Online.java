import java.util.Random;
import org.signsym.Config;
import org.signsym.Layout;
import org.signsym.Model;
import org.signsym.Tensor;
import org.signsym.Trainer;

/**
 * Learns from a stream: predicts each batch, then makes a step on it. Online [BATCHES]. Halfway the world turns, and the
 * network follows.
 */
public final class Online {
  private static final int BATCH = 32;

  public static void main(String[] arguments) {
    int batches = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2000;
    Config config = Config.text("data { host {} } model { mlp { hidden: 32 classes: 2 } input { channels: 2 height: 1 "
        + "width: 1 } } feedback { rule: SIGN_SYMMETRY } optimizer { learning_rate: 0.05 }");
    Random random = new Random(1);
    try (Trainer trainer = Trainer.create(config); Model model = trainer.model()) {
      int right = 0;
      for (int batch = 1; batch <= batches; batch++) {
        float[] points = new float[BATCH * 2];
        long[] sides = new long[BATCH];
        double angle = batch <= batches / 2 ? 0.3 : 1.9;
        for (int i = 0; i < BATCH; i++) {
          points[2 * i] = (float) random.nextGaussian();
          points[2 * i + 1] = (float) random.nextGaussian();
          sides[i] = points[2 * i] * Math.cos(angle) + points[2 * i + 1] * Math.sin(angle) > 0.2 ? 1 : 0;
        }
        Tensor samples = Tensor.of(points, BATCH, 2);
        float[] logits = model.predict(samples).toFloatArray();
        for (int i = 0; i < BATCH; i++) {
          if ((logits[2 * i + 1] > logits[2 * i] ? 1 : 0) == sides[i]) right++;
        }
        double loss = trainer.step(samples, Tensor.of(sides), Layout.NCHW);
        if (batch % (Math.max(batches / 20, 1)) == 0) {
          System.out.printf("batch %5d: loss %.3f, right before learning %.1f %%%n", batch, loss,
              100.0 * right / (BATCH * Math.max(batches / 20, 1)));
          right = 0;
        }
      }
    }
  }
}
