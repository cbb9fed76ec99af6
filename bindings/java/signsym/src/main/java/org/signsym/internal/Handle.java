package org.signsym.internal;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/**
 * A token of the C ABI. It is freed once: by close, or after its owner was forgotten. Any thread may use it.
 *
 * <p>The collector sees a few bytes where a network may hang behind them. So it is called when twice as much is alive
 * as was left after the last call: what is forgotten stays bounded, and who keeps n of them pays log n calls.
 */
public final class Handle {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final int WEIGHT = 16; // of a token; what a token shows has 1
  private static final int FEW = 16 * WEIGHT;

  private static long alive; // in weights
  private static long bound = FEW;

  private final String name;
  private final long token;
  private final Cleaner.Cleanable cleanable;
  private final AtomicBoolean closed;

  /**
   * Takes a token over.
   *
   * @param name of its owner, for "… is closed"
   */
  public Handle(String name, long token, LongConsumer free) {
    this(name, token, free, false);
  }

  /**
   * The same for one whose freeing may wait for a callback of the application.
   *
   * @param waits then one that is forgotten is freed on a thread of its own: for that of the cleaner all others wait
   */
  public Handle(String name, long token, LongConsumer free, boolean waits) {
    AtomicBoolean closed = new AtomicBoolean();
    this.name = name;
    this.token = token;
    this.closed = closed;
    this.cleanable = register(this, WEIGHT, () -> {
      if (waits && !closed.get()) freeElsewhere(token, free);
      else free.accept(token);
    });
  }

  private static void freeElsewhere(long token, LongConsumer free) {
    Thread thread = new Thread(() -> free.accept(token), "signsym-free");
    thread.setDaemon(true);
    thread.start();
  }

  /** Frees what is shown when its owner was forgotten. It weighs less: a network has many, and nobody can close one. */
  public static void freeAfter(Object owner, Runnable free) {
    register(owner, 1, free);
  }

  private static Cleaner.Cleanable register(Object owner, int weight, Runnable free) {
    Cleaner.Cleanable cleanable = CLEANER.register(owner, () -> {
      free.run();
      count(-weight);
    });
    if (count(weight)) System.gc();
    return cleanable;
  }

  /** Whether there is too much to wait for the collector. */
  private static synchronized boolean count(int more) {
    alive += more;
    if (more < 0) {
      bound = Math.max(FEW, Math.min(bound, 2 * alive));
      return false;
    }
    if (alive <= bound) return false;
    bound = 2 * alive;
    return true;
  }

  /** A second time it does nothing. */
  public void close() {
    closed.set(true);
    cleanable.clean();
  }

  /** Calls with the token, which is not freed meanwhile unless somebody closes it. */
  public <T> T with(LongFunction<T> call) {
    refuseClosed();
    try {
      return call.apply(token);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** The same for what gives nothing back. */
  public void use(LongConsumer call) {
    with(token -> {
      call.accept(token);
      return null;
    });
  }

  /** As with() for a call that cannot fail: while somebody closes, it answers 0 or NaN, which is no answer. */
  public <T> T read(LongFunction<T> call) {
    T answer = with(call);
    refuseClosed();
    return answer;
  }

  /** From close on. */
  public boolean isClosed() {
    return closed.get();
  }

  private void refuseClosed() {
    if (isClosed()) throw new IllegalStateException("the " + name + " is closed");
  }

  /** The content of a bytes handle, which is freed. */
  public static byte[] bytes(long bytes) {
    try {
      return Raw.signsym_bytes_data(bytes);
    } finally {
      Raw.signsym_bytes_free(bytes);
    }
  }
}
