package org.signsym;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.signsym.internal.EventCallback;
import org.signsym.internal.Raw;

/** The calls of a trainer that call back: one at a time, and what is thrown in one comes out of that one. */
final class TrainerCalls {
  private static final System.Logger LOGGER = System.getLogger("org.signsym");
  private static final int LOG = TrainingEvent.Kind.LOG.ordinal() + 1;

  final List<TrainingListener> listeners = new CopyOnWriteArrayList<>();

  // What sources threw for this trainer: the last, since the first may be of a sample that was read ahead for an earlier
  // call. The library reads nothing for a call before such samples are done with.
  final AtomicReference<Throwable> trainingFailure = new AtomicReference<>();
  final AtomicReference<Throwable> heldOutFailure = new AtomicReference<>();

  private final boolean oneSource; // what is held out is a part of the training set, or there is none
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile Throwable failure; // of the listener, in the call that runs
  private volatile boolean failedBefore; // the listener: the run had failed already

  TrainerCalls(boolean oneSource) {
    this.oneSource = oneSource;
  }

  /**
   * Whatever the listener or a data source threw becomes the cause of what the call throws.
   *
   * @param trains false: the call reads the held-out part alone
   */
  <T> T run(boolean trains, Supplier<T> call) {
    if (!running.compareAndSet(false, true)) {
      throw new SignSymException(Status.BUSY, "the trainer is in use: another thread, or the call that this listener is "
          + "in, trains, evaluates or makes a step; wait until it has returned", "");
    }
    try {
      trainingFailure.set(null);
      heldOutFailure.set(null);
      return call.get();
    } catch (SignSymException error) {
      if (error.status() == Status.CALLBACK_FAILED) error.initCause(cause(trains));
      if (failure != null && failure != error.getCause()) error.addSuppressed(failure);
      throw error;
    } finally {
      failure = null;
      running.set(false);
    }
  }

  /** Null where a source gave a label that cannot be, of which the message speaks. */
  private Throwable cause(boolean trains) {
    if (failure != null && !failedBefore) return failure;
    Throwable thrown = trains || oneSource ? trainingFailure.getAndSet(null) : null;
    return thrown != null ? thrown : heldOutFailure.getAndSet(null);
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
    try {
      if (listeners.isEmpty()) {
        if (Raw.signsym_event_type(token) == LOG) LOGGER.log(System.Logger.Level.INFO, Raw.signsym_event_text(token));
        return 0;
      }
      TrainingEvent event = new TrainingEvent(token);
      try {
        for (TrainingListener listener : listeners) listener.onEvent(event);
      } finally {
        event.callIsOver();
      }
      return 0;
    } catch (Throwable thrown) {
      keep(thrown, token);
      return 1;
    }
  }

  private void keep(Throwable thrown, long token) {
    if (failure == null) {
      failure = thrown;
      failedBefore = Raw.signsym_event_text(token).equals("failed"); // the END of a run that has
    } else if (failure != thrown) {
      failure.addSuppressed(thrown);
    }
  }
}
