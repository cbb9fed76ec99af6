package org.signsym;

import org.signsym.internal.Handle;
import org.signsym.internal.Raw;

/** Ends runs early, from any thread. One token serves any number of runs; once set, it stays so. */
public final class CancelToken implements AutoCloseable {
  final Handle handle;

  /**
   * A token that is not set.
   *
   * @throws SignSymException OUT_OF_MEMORY where 65536 are alive
   */
  public CancelToken() {
    Natives.load();
    handle = new Handle("cancel token", Raw.signsym_cancel_create(), Raw::signsym_cancel_free);
  }

  /** Ends each run that has the token, with its checkpoint, after the step (or batch of an evaluation) that it is in. */
  public void cancel() {
    handle.use(Raw::signsym_cancel_set);
  }

  /**
   * Whether {@link #cancel()} was called.
   *
   * @return true from then on
   */
  public boolean isCancelled() {
    return handle.read(token -> Raw.signsym_cancel_is_set(token) != 0);
  }

  /** Legal during a run: a token that was set still cancels it. */
  @Override
  public void close() {
    handle.close();
  }
}
