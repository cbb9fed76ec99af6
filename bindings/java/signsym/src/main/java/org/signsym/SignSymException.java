package org.signsym;

import org.signsym.internal.Text;

/**
 * Any failure of the library. The message says file or field, what was expected, what was found, and what to do. What
 * a listener or a data source threw is the cause.
 */
public final class SignSymException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure. */
  private final Status status;

  /** Path of the config's field at fault, or "". */
  private final String field;

  SignSymException(Status status, String message, String field) {
    super(message);
    this.status = status;
    this.field = field;
  }

  /**
   * What kind of failure.
   *
   * @return its status
   */
  public Status status() {
    return status;
  }

  /**
   * Path of the config's field at fault, as {@code optimizer.learning_rate}.
   *
   * @return the path, or "" where no field is at fault
   */
  public String field() {
    return field;
  }

  /** Called by the native side. */
  private static void raise(int status, byte[] message, byte[] field) {
    throw new SignSymException(Status.of(status), Text.fromNative(message), Text.fromNative(field));
  }
}
