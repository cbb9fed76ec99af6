package org.signsym;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.LongFunction;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;

/**
 * Numbers with a type and a shape, in direct memory. It needs no closing: the memory goes when no buffer on it is left.
 * Memory of an Arena (Java 22) goes when that is closed: close it after the last use of every data set on it.
 *
 * <p>As samples the shape is (N, channels, height, width), with NHWC (N, height, width, channels), or (N, n). Values of
 * U8 are divided by 255, all others are taken as they are. Labels have the shape (N) and an integer type.
 */
public final class Tensor {
  private final ByteBuffer buffer;
  private final Type type;
  private final long[] shape;
  private final long[] strides; // in elements

  private Tensor(ByteBuffer buffer, Type type, long[] shape, long[] strides) {
    this.buffer = buffer;
    this.type = type;
    this.shape = shape;
    this.strides = strides;
  }

  /**
   * Uses memory in place.
   *
   * @param buffer direct, {@code order(ByteOrder.nativeOrder())} but for bytes; from its position to its limit
   * @param type of the numbers
   * @param shape without gaps, the last dimension next to each other
   * @return a tensor that shows the buffer
   * @throws IllegalArgumentException where the buffer is not direct, of another byte order, or too small
   */
  public static Tensor wrap(ByteBuffer buffer, Type type, long... shape) {
    return wrap(buffer, type, shape, compact(shape));
  }

  /**
   * Uses memory in place, with any distances.
   *
   * @param buffer direct, {@code order(ByteOrder.nativeOrder())} but for bytes; from its position to its limit
   * @param type of the numbers
   * @param shape sizes
   * @param strides from one to the next of each dimension, in elements, not negative
   * @return a tensor that shows the buffer
   * @throws IllegalArgumentException where the buffer is not direct, of another byte order, or too small
   */
  public static Tensor wrap(ByteBuffer buffer, Type type, long[] shape, long[] strides) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException("the buffer is on the Java heap; allocateDirect makes one that can be shown, "
          + "and Tensor.of copies an array");
    }
    if (type.bytes > 1 && buffer.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("numbers of " + type + " are to be in the byte order of this machine, "
          + ByteOrder.nativeOrder() + ", and the buffer's is " + buffer.order() + ", as Java makes it: say "
          + "buffer.order(ByteOrder.nativeOrder()) before it is filled (and again of each slice or duplicate)");
    }
    long needed = bytes(type, shape, strides);
    if (needed > buffer.remaining()) {
      throw new IllegalArgumentException("a tensor of " + type + " with the shape " + Arrays.toString(shape)
          + " and strides " + Arrays.toString(strides) + " spans " + needed + " bytes; the buffer has "
          + buffer.remaining());
    }
    return new Tensor(buffer.slice().order(ByteOrder.nativeOrder()), type, shape.clone(), strides.clone());
  }

  /**
   * A copy.
   *
   * @param values as many as the shape says
   * @param shape sizes; none given: one dimension
   * @return a tensor of F32
   */
  public static Tensor of(float[] values, long... shape) {
    Tensor tensor = allocate(Type.F32, values.length, shape);
    tensor.buffer.asFloatBuffer().put(values);
    return tensor;
  }

  /**
   * A copy.
   *
   * @param values as many as the shape says; of unsigned bytes, as pictures have them
   * @param shape sizes; none given: one dimension
   * @return a tensor of U8
   */
  public static Tensor of(byte[] values, long... shape) {
    Tensor tensor = allocate(Type.U8, values.length, shape);
    tensor.buffer.duplicate().put(values);
    return tensor;
  }

  /**
   * A copy.
   *
   * @param values as many as the shape says
   * @param shape sizes; none given: one dimension
   * @return a tensor of I64
   */
  public static Tensor of(long[] values, long... shape) {
    Tensor tensor = allocate(Type.I64, values.length, shape);
    tensor.buffer.asLongBuffer().put(values);
    return tensor;
  }

  private static Tensor allocate(Type type, int count, long[] shape) {
    long[] sizes = shape.length == 0 ? new long[] {count} : shape.clone();
    long[] strides = compact(sizes);
    if (bytes(type, sizes, strides) != (long) count * type.bytes) {
      throw new IllegalArgumentException("the shape " + Arrays.toString(sizes) + " is not that of " + count + " values");
    }
    return new Tensor(direct((long) count * type.bytes), type, sizes, strides);
  }

  private static ByteBuffer direct(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
  }

  private static long[] compact(long[] shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    try {
      for (int i = shape.length - 1; i >= 0; i--) {
        strides[i] = stride;
        stride = Math.multiplyExact(stride, Math.max(shape[i], 1));
      }
    } catch (ArithmeticException overflow) {
      throw new IllegalArgumentException("the shape " + Arrays.toString(shape) + " is too large");
    }
    return strides;
  }

  /** From the first element to the end of the last. */
  private static long bytes(Type type, long[] shape, long[] strides) {
    if (shape.length != strides.length || shape.length > 8) {
      throw new IllegalArgumentException(shape.length + " sizes and " + strides.length + " strides; as many of both are "
          + "expected, and 8 at most");
    }
    long last = 0;
    boolean empty = false;
    try {
      for (int i = 0; i < shape.length; i++) {
        if (shape[i] < 0 || strides[i] < 0) {
          throw new IllegalArgumentException("a size or stride is negative: " + Arrays.toString(shape) + ", "
              + Arrays.toString(strides));
        }
        empty |= shape[i] == 0;
        if (shape[i] > 1) last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, strides[i]));
      }
      return empty ? 0 : Math.multiplyExact(Math.addExact(last, 1), type.bytes);
    } catch (ArithmeticException overflow) {
      throw new IllegalArgumentException("the shape " + Arrays.toString(shape) + " is too large");
    }
  }

  /** A native tensor as DLPack has it, whose owner keeps the memory: to be freed, or handed on. */
  long toNative() {
    if (buffer.capacity() > 0) buffer.get(0); // an IllegalStateException where its Arena is closed
    return Raw.signsym_tensor_wrap(buffer, type.code(), shape, strides, shape.length, buffer);
  }

  /** Calls with a native tensor for the time of the call. */
  <T> T lend(LongFunction<T> call) {
    long tensor = toNative();
    try {
      return call.apply(tensor);
    } finally {
      Raw.signsym_tensor_free(tensor);
      Reference.reachabilityFence(this);
    }
  }

  /** Shows a native tensor without a copy; it is freed when no buffer on it is left. */
  static Tensor show(long tensor) {
    try {
      ByteBuffer root = memory(tensor);
      Tensor shown = new Tensor(root.asReadOnlyBuffer().order(ByteOrder.nativeOrder()), type(tensor), shape(tensor),
          strides(tensor));
      Handle.freeAfter(root, () -> Raw.signsym_tensor_free(tensor)); // views hold the root
      return shown;
    } catch (Throwable failed) {
      Raw.signsym_tensor_free(tensor);
      throw failed;
    }
  }

  /** A copy of a native tensor, which is freed: the collector knows the size of this one. */
  static Tensor take(long tensor) {
    try {
      ByteBuffer from = memory(tensor);
      ByteBuffer copy = direct(from.capacity());
      copy.put(from).clear();
      return new Tensor(copy, type(tensor), shape(tensor), strides(tensor));
    } finally {
      Raw.signsym_tensor_free(tensor);
    }
  }

  private static ByteBuffer memory(long tensor) {
    long bytes = Raw.tensor_bytes(tensor);
    if (bytes > Integer.MAX_VALUE) {
      throw new SignSymException(Status.UNSUPPORTED, "a tensor with the shape " + Arrays.toString(shape(tensor))
          + " spans " + bytes + " bytes; a buffer of Java holds " + Integer.MAX_VALUE + ". Predict in smaller batches; "
          + "write large weights to a file.", "");
    }
    return Raw.tensor_data(tensor);
  }

  private static Type type(long tensor) {
    return Type.values()[Raw.tensor_type(tensor) - 1];
  }

  private static long[] shape(long tensor) {
    long[] shape = new long[Raw.tensor_dimensions(tensor)];
    for (int i = 0; i < shape.length; i++) shape[i] = Raw.tensor_size(tensor, i);
    return shape;
  }

  private static long[] strides(long tensor) {
    long[] strides = new long[Raw.tensor_dimensions(tensor)];
    for (int i = 0; i < strides.length; i++) strides[i] = Raw.tensor_stride(tensor, i);
    return strides;
  }

  /**
   * Type of the numbers.
   *
   * @return the type
   */
  public Type type() {
    return type;
  }

  /**
   * Sizes of the dimensions.
   *
   * @return a copy
   */
  public long[] shape() {
    return shape.clone();
  }

  /**
   * Distances of the dimensions, in elements.
   *
   * @return a copy
   */
  public long[] strides() {
    return strides.clone();
  }

  /**
   * The memory, of native byte order; read-only for a tensor of a model.
   *
   * @return a view of its own position
   */
  public ByteBuffer buffer() {
    return buffer.duplicate().order(ByteOrder.nativeOrder());
  }

  /**
   * The numbers in the order of the shape, the last dimension next to each other.
   *
   * @return a copy
   * @throws IllegalStateException for F16 and BF16, which Java 17 has not
   */
  public float[] toFloatArray() {
    long count = 1;
    for (long size : shape) count *= size;
    float[] values = new float[Math.toIntExact(count)];
    long[] index = new long[shape.length];
    for (int i = 0; i < values.length; i++) {
      long at = 0;
      for (int d = 0; d < shape.length; d++) at += index[d] * strides[d];
      values[i] = read(Math.toIntExact(at * type.bytes));
      for (int d = shape.length - 1; d >= 0 && ++index[d] == shape[d]; d--) index[d] = 0;
    }
    return values;
  }

  private float read(int at) {
    switch (type) {
      case U8: return buffer.get(at) & 0xff;
      case U16: return buffer.getShort(at) & 0xffff;
      case U32: return buffer.getInt(at) & 0xffffffffL;
      case U64: return unsigned(buffer.getLong(at));
      case I8: return buffer.get(at);
      case I16: return buffer.getShort(at);
      case I32: return buffer.getInt(at);
      case I64: return buffer.getLong(at);
      case F32: return buffer.getFloat(at);
      case F64: return (float) buffer.getDouble(at);
      default: throw new IllegalStateException(type + " is to be read from buffer()");
    }
  }

  private static float unsigned(long bits) {
    return bits >= 0 ? bits : 2f * (bits >>> 1 | bits & 1); // the last bit counts where it is rounded
  }

  /** Type and shape. */
  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }
}
