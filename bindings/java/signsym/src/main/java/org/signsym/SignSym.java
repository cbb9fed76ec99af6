package org.signsym;

import org.signsym.internal.Handle;
import org.signsym.internal.Raw;
import org.signsym.internal.Text;

/** The library itself. */
public final class SignSym {
  private SignSym() {}

  /**
   * Version of the native library.
   *
   * @return as "0.1.0"
   */
  public static String version() {
    Natives.load();
    return Raw.signsym_version();
  }

  /**
   * Versions of the library, LibTorch and Protobuf, and what was chosen for this machine.
   *
   * @return JSON
   */
  public static String buildInfo() {
    Natives.load();
    return Text.fromNative(Handle.bytes(Raw.signsym_build_info()));
  }
}
