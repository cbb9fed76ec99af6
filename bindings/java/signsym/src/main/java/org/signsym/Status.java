package org.signsym;

/** What went wrong, in kinds that a program can tell apart. */
public enum Status {
  /** A parameter of the call. */
  INVALID_ARGUMENT(1),
  /** The object was closed while the call began. */
  INVALID_HANDLE(2),
  /** The config; {@link SignSymException#field()} says which field. */
  INVALID_CONFIG(3),
  /** A file, a folder or a name. */
  NOT_FOUND(4),
  /** Something exists and would have been overwritten. */
  ALREADY_EXISTS(5),
  /** The system refused to read or write: permission, full disk. */
  IO(6),
  /** A file is not what it should be. */
  BAD_DATA(7),
  /** A checkpoint, weights or data of another model. */
  MISMATCH(8),
  /** Not by this build or on this machine. */
  UNSUPPORTED(9),
  /** Memory is short. */
  OUT_OF_MEMORY(10),
  /** The loss became NaN or infinite. */
  DIVERGED(11),
  /** By a cancel token or by closing the trainer; the checkpoint is written. */
  CANCELLED(12),
  /** The object is in use by another call. */
  BUSY(13),
  /** A listener or a data source threw: the exception's cause. */
  CALLBACK_FAILED(14),
  /** A fault of the library: please report it. */
  INTERNAL(15);

  private final int code;

  Status(int code) {
    this.code = code;
  }

  static Status of(int code) {
    for (Status status : values()) {
      if (status.code == code) return status;
    }
    return INTERNAL;
  }
}
