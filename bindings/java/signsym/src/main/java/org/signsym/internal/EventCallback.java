package org.signsym.internal;

/** What the library calls at each event; it throws nothing. */
public interface EventCallback {
  /** Non-zero stops the run. The event's token is good for the time of the call. */
  int call(long event);
}
