import java.util.concurrent.CountDownLatch;
import org.signsym.Config;
import org.signsym.Dataset;
import org.signsym.Layout;
import org.signsym.Trainer;
import org.signsym.TrainingEvent;
import org.signsym.Type;

/**
 * Leaves the process in the midst of a run on a daemon thread, with 3 where it says exit: Leave HOW RUN-FOLDER. HOW is
 * return (main does), exit, listener (which exits), source (which exits, on a thread that loads).
 */
public final class Leave {
  public static void main(String[] arguments) throws Exception {
    String how = arguments[0];
    CountDownLatch running = new CountDownLatch(1);
    Config config = Config.text("data { host {} batch_size: 16 }"
        + " model { mlp {} input { channels: 1 height: 28 width: 28 } } train { epochs: 100000 } compute { threads: 1 }")
        .withText("output.folder", arguments[1]);
    Dataset digits = Dataset.of(640, 10, new long[] {1, 28, 28}, Type.U8, Layout.NCHW, true, (index, sample) -> {
      if (how.equals("source") && running.getCount() == 0) System.exit(3);
      return index % 10;
    });
    Trainer trainer = Trainer.create(config, digits, digits);
    trainer.addListener(event -> {
      if (event.kind() != TrainingEvent.Kind.STEP || event.step() < 3) return;
      running.countDown();
      if (how.equals("listener")) System.exit(3);
    }).trainAsync();
    running.await();
    if (how.equals("exit")) System.exit(3);
    if (!how.equals("return")) Thread.sleep(Long.MAX_VALUE);
  }
}
