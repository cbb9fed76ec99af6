package org.signsym.internal;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/** A token of the C ABI. It is freed once: by close, or after its owner was forgotten. Any thread may use it. */
public final class Handle {
  private static final Cleaner CLEANER = Cleaner.create();

  private final String name;
  private final long token;
  private final Cleaner.Cleanable cleanable;
  private volatile boolean closed;

  /**
   * Takes a token over.
   *
   * @param name of its owner, for "… is closed"
   */
  public Handle(String name, long token, LongConsumer free) {
    this.name = name;
    this.token = token;
    this.cleanable = CLEANER.register(this, () -> free.accept(token));
  }

  /** A second time it does nothing. */
  public void close() {
    closed = true;
    cleanable.clean();
  }

  /** Calls with the token, which is not freed meanwhile unless somebody closes it. */
  public <T> T with(LongFunction<T> call) {
    if (closed) throw new IllegalStateException("the " + name + " is closed");
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

  /** The content of a bytes handle, which is freed. */
  public static byte[] bytes(long bytes) {
    try {
      return Raw.signsym_bytes_data(bytes);
    } finally {
      Raw.signsym_bytes_free(bytes);
    }
  }
}
