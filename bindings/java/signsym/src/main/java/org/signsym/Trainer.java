package org.signsym;

import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.signsym.internal.EventCallback;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;

/**
 * Trains what a config says.
 *
 * <pre>{@code
 * try (Trainer trainer = Trainer.create(Config.file(Path.of("cifar10.textproto")))) {
 *   trainer.onEvent(event -> System.out.println(event));
 *   trainer.train();
 * }
 * }</pre>
 *
 * <p>One thread at a time may use a trainer (BUSY), except where a method says more. After {@link #close()} every method
 * throws IllegalStateException.
 */
public final class Trainer implements AutoCloseable {
  private final Handle handle;
  private volatile TrainingListener listener;
  private volatile Throwable failure; // of the listener, in this run

  private Trainer(long trainer) {
    handle = new Handle("trainer", trainer, Raw::signsym_trainer_free);
  }

  /**
   * A trainer of a config. Data and model are made here; with output.folder set, the folder too.
   *
   * @param config what to train
   * @return the trainer
   * @throws SignSymException INVALID_CONFIG, NOT_FOUND, IO, BAD_DATA, MISMATCH, UNSUPPORTED, ALREADY_EXISTS
   */
  public static Trainer create(Config config) {
    return new Trainer(config.call(Raw::signsym_trainer_create));
  }

  /**
   * Goes on with a run at its newest whole checkpoint.
   *
   * @param folder of the run
   * @return the trainer
   * @throws SignSymException NOT_FOUND where no run is, BUSY while another trainer has the folder, BAD_DATA where every
   *     checkpoint is damaged
   */
  public static Trainer resume(Path folder) {
    Natives.load();
    return new Trainer(Raw.signsym_trainer_resume(folder.toString(), 0));
  }

  /**
   * The same with other places (paths) in the config.
   *
   * @param folder of the run
   * @param config the run's own, {@link Config#run(Path)}, but for places
   * @return the trainer
   * @throws SignSymException as {@link #resume(Path)}; INVALID_CONFIG for another difference
   */
  public static Trainer resume(Path folder, Config config) {
    return new Trainer(config.call(token -> Raw.signsym_trainer_resume(folder.toString(), token)));
  }

  /**
   * Sets who is told of the run; the one before is told no more.
   *
   * @param listener is called on the thread that trains; or null
   * @return this
   */
  public Trainer onEvent(TrainingListener listener) {
    handle.use(token -> {
      if (this.listener == null && listener != null) Raw.signsym_trainer_on_event(token, new Caller(this));
    });
    this.listener = listener;
    return this;
  }

  /** The native side keeps this alive, so it must not keep the trainer. */
  private static final class Caller implements EventCallback {
    private final WeakReference<Trainer> trainer;

    Caller(Trainer trainer) {
      this.trainer = new WeakReference<>(trainer);
    }

    @Override
    public int call(long token) {
      Trainer told = trainer.get();
      TrainingListener listener = told == null ? null : told.listener;
      if (listener == null) return 0;
      try {
        TrainingEvent event = new TrainingEvent(token);
        try {
          listener.onEvent(event);
        } finally {
          event.callIsOver();
        }
        return 0;
      } catch (Throwable thrown) {
        if (told.failure == null) told.failure = thrown;
        else if (told.failure != thrown) told.failure.addSuppressed(thrown);
        return 1;
      }
    }
  }

  /** Trains to the end of the config, on this thread. Another call after the end only tells START and END.
   *
   * @throws SignSymException CALLBACK_FAILED with what the listener threw as its cause, DIVERGED, IO (the last
   *     checkpoint stays), CANCELLED when the trainer was closed meanwhile
   */
  public void train() {
    run(token -> Raw.signsym_trainer_run(token, 0));
  }

  /**
   * Trains to the end of the config, or until it is cancelled; another call then goes on.
   *
   * @param cancel token that ends it
   * @throws SignSymException CANCELLED; else as {@link #train()}
   */
  public void train(CancelToken cancel) {
    cancel.handle.use(by -> run(token -> Raw.signsym_trainer_run(token, by)));
  }

  /**
   * Trains on a thread of its own, a daemon. Cancelling the future ends the run after the step that it is in; its
   * checkpoint is written. The future fails with what {@link #train()} throws.
   *
   * @return completes when the run has ended
   */
  public CompletableFuture<Void> trainAsync() {
    return new Run(this);
  }

  private static final class Run extends CompletableFuture<Void> {
    private final CancelToken token = new CancelToken();

    Run(Trainer trainer) {
      Thread thread = new Thread(() -> {
        try {
          trainer.train(token);
          complete(null);
        } catch (Throwable thrown) {
          completeExceptionally(thrown);
        } finally {
          token.close();
        }
      }, "signsym-trainer");
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      if (!isDone()) {
        try {
          token.cancel();
        } catch (IllegalStateException ended) {
          return false;
        }
      }
      return super.cancel(mayInterruptIfRunning);
    }
  }

  private void run(java.util.function.LongConsumer call) {
    failure = null;
    try {
      handle.use(call);
    } catch (SignSymException error) {
      if (failure != null && error.status() == Status.CALLBACK_FAILED) error.initCause(failure);
      else if (failure != null) error.addSuppressed(failure);
      throw error;
    } finally {
      failure = null;
    }
  }

  /**
   * Evaluates the model on the held-out part.
   *
   * @return loss and accuracies
   * @throws SignSymException DIVERGED where the loss is not finite
   */
  public Metrics evaluate() {
    double[] loss = new double[1];
    double[] top1 = new double[1];
    double[] top5 = new double[1];
    long[] samples = new long[1];
    run(token -> Raw.signsym_trainer_evaluate(token, loss, top1, top5, samples));
    return new Metrics(loss[0], top1[0], top5[0], samples[0]);
  }

  /**
   * The config as the run uses it, every default written out. From any thread, in the listener too.
   *
   * @return the config
   */
  public Config config() {
    return handle.with(token -> Config.take(Raw.signsym_trainer_config(token)));
  }

  /**
   * Ends the trainer: from any thread, in the listener too. A run that goes on is cancelled. A second time it does
   * nothing.
   */
  @Override
  public void close() {
    handle.close();
  }
}
