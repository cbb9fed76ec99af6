package org.signsym;

import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.signsym.internal.EventCallback;
import org.signsym.internal.Raw;

/** The calls of a trainer that call back: one at a time, and what is thrown in one comes out of that one. */
final class TrainerCalls {
  private static final System.Logger LOGGER = System.getLogger("org.signsym");
  private static final int LOG = TrainingEvent.Kind.LOG.ordinal() + 1;

  volatile TrainingListener listener;

  private final Dataset training; // of the host's, or null
  private final Dataset heldOut;
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile Throwable failure; // of the listener, in the call that runs

  TrainerCalls(Dataset training, Dataset heldOut) {
    this.training = training;
    this.heldOut = heldOut;
  }

  /** Whatever the listener or a data source threw becomes the cause of what the call throws. */
  <T> T run(Supplier<T> call) {
    if (!running.compareAndSet(false, true)) {
      throw new SignSymException(Status.BUSY, "the trainer is in use: another thread, or the call that this listener is "
          + "in, trains, evaluates or makes a step; wait until it has returned", "");
    }
    try {
      takeFailures(); // left by a call that ended for another reason
      return call.get();
    } catch (SignSymException error) {
      for (Throwable thrown : takeFailures()) {
        if (thrown == null) continue;
        if (error.status() == Status.CALLBACK_FAILED && error.getCause() == null) error.initCause(thrown);
        else error.addSuppressed(thrown);
      }
      throw error;
    } finally {
      running.set(false);
    }
  }

  private Throwable[] takeFailures() {
    Throwable[] failures = {failure, training == null ? null : training.takeFailure(),
        heldOut == null ? null : heldOut.takeFailure()};
    failure = null;
    return failures;
  }

  /** The native side keeps it alive, so it must not keep the trainer, which the listener may hold. */
  EventCallback callback() {
    WeakReference<TrainerCalls> calls = new WeakReference<>(this);
    return event -> {
      TrainerCalls told = calls.get();
      return told == null ? 0 : told.tell(event);
    };
  }

  private int tell(long token) {
    TrainingListener listener = this.listener;
    try {
      if (listener == null) {
        if (Raw.signsym_event_type(token) == LOG) LOGGER.log(System.Logger.Level.INFO, Raw.signsym_event_text(token));
        return 0;
      }
      TrainingEvent event = new TrainingEvent(token);
      try {
        listener.onEvent(event);
      } finally {
        event.callIsOver();
      }
      return 0;
    } catch (Throwable thrown) {
      if (failure == null) failure = thrown;
      else if (failure != thrown) failure.addSuppressed(thrown);
      return 1;
    }
  }
}
