package org.signsym;

import com.google.protobuf.InvalidProtocolBufferException;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;
import org.signsym.v1.BuildInfo;

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
   * Versions of the library, LibTorch, Protobuf and CUDA, the machine, and what AUTO means on it.
   *
   * @return the message
   */
  public static BuildInfo buildInfo() {
    Natives.load();
    try {
      return BuildInfo.parseFrom(Handle.bytes(Raw.signsym_build_info(Raw.SIGNSYM_BINARY)));
    } catch (InvalidProtocolBufferException impossible) {
      throw new IllegalStateException(impossible); // the library wrote it
    }
  }
}
