import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.nio.ByteBuffer;
import java.util.Random;
import org.signsym.Config;
import org.signsym.Dataset;
import org.signsym.Layout;
import org.signsym.Model;
import org.signsym.Tensor;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;
import org.signsym.Type;

/**
 * Fine-tunes on data of one's own, then predicts. FineTune MNIST-FOLDER [STEPS]: a LeNet learns digits for a while; then
 * its convolutions stay, and a new head learns to tell three shapes that are drawn here.
 */
public final class FineTune {
  private static final String[] SHAPES = {"disc", "square", "cross"};
  private static final int SIZE = 28;

  public static void main(String[] arguments) {
    if (arguments.length == 0) {
      System.err.println("usage: FineTune MNIST-FOLDER [STEPS]");
      System.exit(2);
    }
    String steps = arguments.length > 1 ? arguments[1] : "300";
    Config digits = Config.text("data { mnist {} batch_size: 64 } model { lenet {} } feedback { rule: SIGN_SYMMETRY }"
        + " optimizer { learning_rate: 0.02 } train { epochs: 1 }")
        .withText("data.mnist.path", arguments[0]).with("train.max_steps", steps);
    try (Trainer trainer = Trainer.create(digits); Model model = trainer.model()) {
      trainer.train();
      System.out.printf("digits: %.1f %%%n", trainer.evaluate().top1());
      trainer.close(); // a model is trained by one trainer at a time

      model.replaceHead(SHAPES.length);
      model.freeze("conv*");
      Config shapes = digits.with("data", "{ host {} batch_size: 16 }").with("optimizer.learning_rate", "0.05")
          .with("train", "{ epochs: 6 }");
      try (Dataset training = draw(600, 1); Dataset heldOut = draw(150, 2);
          Trainer tuner = Trainer.create(shapes, model, training, heldOut)) {
        tuner.addListener(event -> {
          if (event.kind() == TrainingEvent.Kind.EPOCH) {
            System.out.printf("shapes, epoch %d: %.1f %%%n", event.epoch(), event.top1());
          }
        }).train();
      }

      Random random = new Random(3);
      for (int shape = 0; shape < SHAPES.length; shape++) {
        Tensor picture = Tensor.of(picture(shape, random), 1, 1, SIZE, SIZE);
        float[] probabilities = model.predict(picture, Layout.NCHW, Model.Output.PROBABILITIES).toFloatArray();
        for (int i = 0; i < SHAPES.length; i++) System.out.printf("%s %.2f  ", SHAPES[i], probabilities[i]);
        System.out.println("is a " + SHAPES[shape]);
      }
    }
  }

  /** Pictures in direct memory, which is used in place. */
  private static Dataset draw(int count, long seed) {
    Random random = new Random(seed);
    ByteBuffer pictures = ByteBuffer.allocateDirect(count * SIZE * SIZE);
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % SHAPES.length;
      pictures.put(picture((int) labels[i], random));
    }
    return Dataset.of(Tensor.wrap(pictures.flip(), Type.U8, count, 1, SIZE, SIZE), Tensor.of(labels), SHAPES.length);
  }

  private static byte[] picture(int shape, Random random) {
    BufferedImage image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_BYTE_GRAY);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    int size = 10 + random.nextInt(9);
    int x = random.nextInt(SIZE - size);
    int y = random.nextInt(SIZE - size);
    switch (shape) {
      case 0 -> graphics.fillOval(x, y, size, size);
      case 1 -> graphics.fillRect(x, y, size, size);
      default -> {
        graphics.fillRect(x + size / 2 - 1, y, 3, size);
        graphics.fillRect(x, y + size / 2 - 1, size, 3);
      }
    }
    graphics.dispose();
    return ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
  }
}
