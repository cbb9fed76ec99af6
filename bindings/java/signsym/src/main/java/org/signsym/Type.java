package org.signsym;

/** Types of the numbers in a {@link Tensor}. */
public enum Type {
  /** Unsigned, 8 bits. */
  U8(1),
  /** Unsigned, 16 bits. */
  U16(2),
  /** Unsigned, 32 bits. */
  U32(4),
  /** Unsigned, 64 bits. */
  U64(8),
  /** Signed, 8 bits. */
  I8(1),
  /** Signed, 16 bits. */
  I16(2),
  /** Signed, 32 bits. */
  I32(4),
  /** Signed, 64 bits. */
  I64(8),
  /** IEEE half precision. */
  F16(2),
  /** bfloat16. */
  BF16(2),
  /** IEEE single precision: float. */
  F32(4),
  /** IEEE double precision: double. */
  F64(8);

  final int bytes;

  Type(int bytes) {
    this.bytes = bytes;
  }

  int code() {
    return ordinal() + 1;
  }
}
