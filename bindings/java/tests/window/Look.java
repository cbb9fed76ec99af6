import java.awt.Component;
import java.awt.Container;
import java.awt.Frame;
import java.awt.Rectangle;
import java.awt.Robot;
import java.awt.event.WindowEvent;
import java.awt.image.BufferedImage;
import java.io.File;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import javax.imageio.ImageIO;
import javax.swing.JButton;
import javax.swing.JLabel;
import javax.swing.JProgressBar;
import javax.swing.SwingUtilities;

/**
 * Looks at the window of the example as a person does: Look PICTURE PERCENT CONFIG [FIELD=VALUE …] waits until so much of
 * the run is done, takes a picture, presses Cancel, closes the window, and says what it read. At 100 the run has ended.
 */
public final class Look {
  public static void main(String[] arguments) throws Exception {
    TrainingWindow.main(java.util.Arrays.copyOfRange(arguments, 2, arguments.length));
    await(() -> Frame.getFrames().length == 1 && Frame.getFrames()[0].isShowing());
    Frame window = Frame.getFrames()[0];
    JProgressBar progress = find(window, JProgressBar.class);
    JLabel says = find(window, JLabel.class);
    int percent = Integer.parseInt(arguments[1]);
    await(() -> percent < 100 ? progress.getValue() >= percent : ended(says));
    Robot robot = new Robot();
    robot.waitForIdle();
    BufferedImage picture = robot.createScreenCapture(new Rectangle(window.getLocationOnScreen(), window.getSize()));
    ImageIO.write(picture, "png", new File(arguments[0]));
    System.out.println(says.getText());
    SwingUtilities.invokeAndWait(() -> find(window, JButton.class).doClick());
    await(() -> ended(says));
    System.out.println(says.getText());
    System.out.println(pixels(picture, 0x1f5fa8) + " pixels of the curve");
    window.dispatchEvent(new WindowEvent(window, WindowEvent.WINDOW_CLOSING));
  }

  private static boolean ended(JLabel says) {
    return says.getText().contains(" after ") && says.getText().contains("steps");
  }

  /** As the thread of the window sees it. */
  private static void await(Callable<Boolean> condition) throws Exception {
    for (int i = 0; i < 6000; i++) {
      FutureTask<Boolean> look = new FutureTask<>(condition);
      SwingUtilities.invokeAndWait(look);
      if (look.get()) return;
      Thread.sleep(20);
    }
    throw new IllegalStateException("nothing happens in the window");
  }

  private static <T extends Component> T find(Container in, Class<T> type) {
    for (Component child : in.getComponents()) {
      T found = type.isInstance(child) ? type.cast(child)
          : child instanceof Container container ? find(container, type) : null;
      if (found != null) return found;
    }
    return null;
  }

  private static int pixels(BufferedImage picture, int color) {
    int count = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) count += (picture.getRGB(x, y) & 0xffffff) == color ? 1 : 0;
    }
    return count;
  }
}
