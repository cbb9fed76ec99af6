package org.signsym.internal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text at the border: UTF-8, going in with a NUL at its end. */
public final class Text {
  private Text() {}

  /** Null stays null. */
  public static byte[] toNative(String text) {
    if (text == null) return null;
    if (text.indexOf('\0') >= 0) throw new IllegalArgumentException("text with a NUL character: " + text);
    byte[] bytes = contents(text);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  /** Without a NUL at the end. Half a surrogate pair is no text, and would silently become another name. */
  public static byte[] contents(String text) {
    CharBuffer characters = CharBuffer.wrap(text);
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(characters);
      return Arrays.copyOf(bytes.array(), bytes.limit());
    } catch (CharacterCodingException half) {
      throw new IllegalArgumentException("text with half a surrogate pair, at its character "
          + (characters.position() + 1) + ": " + text);
    }
  }

  /** Null stays null. */
  public static String fromNative(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}
