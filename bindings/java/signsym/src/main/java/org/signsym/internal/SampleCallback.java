package org.signsym.internal;

import java.nio.ByteBuffer;

/** What the library calls for each sample; it throws nothing. */
public abstract class SampleCallback {
  /** Answer that stops the run. */
  public static final long FAILED = Long.MIN_VALUE;

  /** Size of a sample; read by the native side. */
  final long sampleBytes;

  protected SampleCallback(long sampleBytes) {
    this.sampleBytes = sampleBytes;
  }

  /** Fills the buffer, which is good for the time of the call, and returns the label. */
  public abstract long call(long index, ByteBuffer sample);
}
