package org.signsym;

/** Order of the dimensions of pictures. */
public enum Layout {
  /** Samples, channels, height, width. */
  NCHW,
  /** Samples, height, width, channels. */
  NHWC;

  int code() {
    return ordinal() + 1;
  }
}
