package org.signsym;

import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A run on a daemon thread, as a future. Who completes the future from outside has no more use for the run: it ends. */
final class TrainingRun extends CompletableFuture<Metrics> {
  private final CancelToken token = new CancelToken();

  static TrainingRun start(Function<CancelToken, Metrics> train) {
    TrainingRun run = new TrainingRun();
    Thread thread = new Thread(() -> run.train(train), "signsym-trainer");
    thread.setDaemon(true);
    thread.start();
    run.whenComplete((metrics, error) -> run.end());
    return run;
  }

  private void train(Function<CancelToken, Metrics> train) {
    try {
      complete(train.apply(token));
    } catch (Throwable thrown) {
      if (token.isCancelled() && thrown instanceof SignSymException error && error.status() == Status.CANCELLED) {
        super.cancel(false);
      } else {
        completeExceptionally(thrown);
      }
    } finally {
      token.close();
    }
  }

  /** False where the run has ended already. */
  private boolean end() {
    try {
      token.cancel();
      return true;
    } catch (IllegalStateException ended) {
      return false;
    }
  }

  /** Asks the run to end; the future is done when it has. */
  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    return isDone() ? isCancelled() : end();
  }
}
