import java.awt.BasicStroke;
import java.awt.BorderLayout;
import java.awt.Color;
import java.awt.Dimension;
import java.awt.Graphics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.event.WindowAdapter;
import java.awt.event.WindowEvent;
import java.awt.geom.Path2D;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JProgressBar;
import javax.swing.SwingUtilities;
import org.signsym.Config;
import org.signsym.Metrics;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;

/** A window that trains: live curves, a bar, a button that cancels. TrainingWindow CONFIG [FIELD=VALUE …] */
public final class TrainingWindow extends JFrame {
  private final Curve loss = new Curve("training loss", new Color(0x1f5fa8), 0);
  private final Curve accuracy = new Curve("held out, %", new Color(0xb3541e), 100);
  private final JProgressBar progress = new JProgressBar();
  private final JLabel says = new JLabel(" ");
  private final JButton cancel = new JButton("Cancel");

  private TrainingWindow(Trainer trainer) {
    super("signsym");
    JPanel curves = new JPanel(new java.awt.GridLayout(1, 2, 12, 0));
    curves.add(loss);
    curves.add(accuracy);
    JPanel below = new JPanel(new BorderLayout(12, 0));
    below.add(says, BorderLayout.NORTH);
    below.add(progress, BorderLayout.CENTER);
    below.add(cancel, BorderLayout.EAST);
    progress.setStringPainted(true);
    JPanel all = new JPanel(new BorderLayout(0, 12));
    all.setBorder(BorderFactory.createEmptyBorder(12, 12, 12, 12));
    all.add(curves, BorderLayout.CENTER);
    all.add(below, BorderLayout.SOUTH);
    setContentPane(all);
    setDefaultCloseOperation(DISPOSE_ON_CLOSE);
    pack();

    // Events come on the thread that trains; the window lives on its own.
    trainer.addListener(event -> SwingUtilities.invokeLater(() -> show(event)));
    CompletableFuture<Metrics> run = trainer.trainAsync();
    cancel.addActionListener(pressed -> {
      says.setText("ends after this step …");
      run.cancel(false);
    });
    run.whenComplete((metrics, error) -> SwingUtilities.invokeLater(() -> {
      cancel.setEnabled(false);
      if (error != null && !run.isCancelled()) says.setText(error.getMessage());
    }));
    addWindowListener(new WindowAdapter() {
      @Override
      public void windowClosed(WindowEvent closed) {
        trainer.close(); // also ends the run
      }
    });
  }

  private void show(TrainingEvent event) {
    switch (event.kind()) {
      case STEP -> {
        double done = event.epoch() - 1 + (double) event.stepInEpoch() / event.stepsPerEpoch();
        loss.add(done, event.loss());
        progress.setValue((int) (100 * done / event.epochs()));
        says.setText(String.format("epoch %d of %d, loss %.3f, %.0f pictures a second", event.epoch(), event.epochs(),
            event.loss(), event.samplesPerSecond()));
      }
      case EPOCH -> accuracy.add(event.epoch(), event.top1());
      case END -> says.setText(event.text() + " after " + event.step() + " steps");
      default -> { }
    }
  }

  /** A line that grows. */
  private static final class Curve extends JPanel {
    private final String name;
    private final Color color;
    private final double top; // of the scale; 0: the largest value
    private final List<double[]> points = new ArrayList<>();

    Curve(String name, Color color, double top) {
      this.name = name;
      this.color = color;
      this.top = top;
      setPreferredSize(new Dimension(360, 260));
      setBackground(Color.WHITE);
      setBorder(BorderFactory.createLineBorder(Color.LIGHT_GRAY));
    }

    void add(double x, double y) {
      points.add(new double[] {x, y});
      repaint();
    }

    @Override
    protected void paintComponent(Graphics graphics) {
      super.paintComponent(graphics);
      Graphics2D canvas = (Graphics2D) graphics;
      canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      canvas.setColor(Color.DARK_GRAY);
      canvas.drawString(name, 12, 20);
      if (points.isEmpty()) return;
      double width = points.stream().mapToDouble(point -> point[0]).max().orElse(1);
      double height = top > 0 ? top : points.stream().mapToDouble(point -> point[1]).max().orElse(1);
      Path2D line = new Path2D.Double();
      for (double[] point : points) {
        double x = 12 + (getWidth() - 24) * point[0] / Math.max(width, 1e-9);
        double y = getHeight() - 12 - (getHeight() - 44) * point[1] / Math.max(height, 1e-9);
        if (line.getCurrentPoint() == null) line.moveTo(x, y);
        else line.lineTo(x, y);
        if (points.size() < 50) canvas.fillOval((int) x - 2, (int) y - 2, 5, 5);
      }
      double last = points.get(points.size() - 1)[1];
      canvas.drawString(String.format("%.2f", last), getWidth() - 52, 20);
      canvas.setColor(color);
      canvas.setStroke(new BasicStroke(2));
      canvas.draw(line);
    }
  }

  public static void main(String[] arguments) {
    if (arguments.length == 0 || !Arrays.stream(arguments).skip(1).allMatch(change -> change.contains("="))) {
      System.err.println("usage: TrainingWindow CONFIG [FIELD=VALUE …]");
      System.exit(2);
    }
    Config config = Config.file(Path.of(arguments[0]));
    for (int i = 1; i < arguments.length; i++) {
      String[] change = arguments[i].split("=", 2);
      config = config.with(change[0], change[1]);
    }
    Trainer trainer = Trainer.create(config);
    SwingUtilities.invokeLater(() -> new TrainingWindow(trainer).setVisible(true));
  }
}
