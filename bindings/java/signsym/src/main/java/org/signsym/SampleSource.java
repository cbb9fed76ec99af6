package org.signsym;

import java.nio.ByteBuffer;

/** Makes the samples of a {@link Dataset}, one at a time. */
@FunctionalInterface
public interface SampleSource {
  /**
   * Writes a sample and says its label. What it throws stops the run or call that asked, which throws with it as the
   * cause.
   *
   * @param index of the sample, from 0
   * @param sample has room for one, of native byte order; it is good for the time of the call
   * @return the label, from 0
   * @throws Exception to stop
   */
  long read(long index, ByteBuffer sample) throws Exception;
}
