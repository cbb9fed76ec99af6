package org.signsym.internal;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text at the border: UTF-8, going in with a NUL at its end. */
public final class Text {
  private Text() {}

  /** Null stays null. */
  public static byte[] toNative(String text) {
    if (text == null) return null;
    if (text.indexOf('\0') >= 0) throw new IllegalArgumentException("text with a NUL character: " + text);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  /** Null stays null. */
  public static String fromNative(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}
