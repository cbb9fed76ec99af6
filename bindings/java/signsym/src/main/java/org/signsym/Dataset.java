package org.signsym;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongUnaryOperator;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;
import org.signsym.internal.SampleCallback;

/**
 * Labelled samples: of a config, of memory, or made by a function. It may be closed at any time: trainers that use it
 * keep it.
 */
public final class Dataset implements AutoCloseable {
  /** Which part of a config's data. */
  public enum Part {
    /** What is learnt from. */
    TRAINING,
    /** What the model is judged by. */
    HELD_OUT
  }

  private final Handle handle;
  private final Maker maker; // null: no function makes its samples

  private Dataset(long dataset, Maker maker) {
    this.handle = new Handle("data set", dataset, Raw::signsym_dataset_free);
    this.maker = maker;
  }

  /**
   * A part of the data of a config, as a run of it has them.
   *
   * @param config with data
   * @param part which
   * @return the data set
   * @throws SignSymException INVALID_CONFIG, NOT_FOUND, IO, BAD_DATA
   */
  public static Dataset of(Config config, Part part) {
    return new Dataset(config.call(token -> Raw.signsym_dataset_create_from_config(token, part.ordinal() + 1)), null);
  }

  /**
   * Memory in place, in the layout NCHW: no copy is made but that into each batch. It must not change meanwhile.
   *
   * @param samples (N, …), see {@link Tensor}
   * @param labels (N), from 0 to classes − 1
   * @param classes how many there are, up to 1048576
   * @return the data set
   * @throws SignSymException INVALID_ARGUMENT
   */
  public static Dataset of(Tensor samples, Tensor labels, long classes) {
    return of(samples, labels, Layout.NCHW, classes);
  }

  /**
   * The same in any layout.
   *
   * @param samples (N, …), see {@link Tensor}
   * @param labels (N), from 0 to classes − 1
   * @param layout of the samples
   * @param classes how many there are, up to 1048576
   * @return the data set
   * @throws SignSymException INVALID_ARGUMENT
   */
  public static Dataset of(Tensor samples, Tensor labels, Layout layout, long classes) {
    Natives.load();
    long first = samples.toNative();
    long second = 0;
    try {
      second = labels.toNative();
      return new Dataset(Raw.signsym_dataset_create_from_memory(first, second, layout.code(), classes), null);
    } catch (RuntimeException refused) {
      Raw.signsym_tensor_free(first);
      Raw.signsym_tensor_free(second);
      throw refused;
    }
  }

  /**
   * Samples of F32 in the layout NCHW that a function makes, when they are needed, on the thread that trains.
   *
   * @param size how many there are
   * @param classes how many there are, up to 1048576
   * @param shape of a sample: channels, height, width, or one number
   * @param source the function
   * @return the data set
   * @throws SignSymException INVALID_ARGUMENT
   */
  public static Dataset of(long size, long classes, long[] shape, SampleSource source) {
    return of(size, classes, shape, Type.F32, Layout.NCHW, false, source);
  }

  /**
   * The same of any type and layout, on any number of threads.
   *
   * @param size how many there are
   * @param classes how many there are, up to 1048576
   * @param shape of a sample: channels, height, width (with NHWC height, width, channels), or one number
   * @param type of its numbers
   * @param layout of a sample
   * @param concurrent false: the function is called on the thread that trains, never on two at once; true: on several,
   *     and ahead of time
   * @param source the function
   * @return the data set
   * @throws SignSymException INVALID_ARGUMENT
   * @throws IllegalArgumentException where a sample has more bytes than a buffer of Java holds
   */
  public static Dataset of(long size, long classes, long[] shape, Type type, Layout layout, boolean concurrent,
      SampleSource source) {
    Maker maker = new Maker(size, classes, shape.clone(), type, layout, concurrent,
        Objects.requireNonNull(source, "source"), Thread.currentThread().getContextClassLoader());
    return new Dataset(maker.make(new AtomicReference<>()), maker);
  }

  /** Makes native sets of one function: each trainer has its own, so that it sees the failures of its own calls. */
  private record Maker(long size, long classes, long[] shape, Type type, Layout layout, boolean concurrent,
      SampleSource source, ClassLoader loader) {
    private Maker {
      if (bytes(shape, type) > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("a sample of " + type + " with the shape " + Arrays.toString(shape)
            + " has more bytes than a buffer of Java holds, 2147483647");
      }
    }

    /** A new token; the last that the source throws is kept in `failure`. */
    long make(AtomicReference<Throwable> failure) {
      Natives.load();
      return Raw.signsym_dataset_create_from_callback(size, classes, shape, shape.length, type.code(), layout.code(),
          concurrent ? 1 : 0, new Caller(this, failure));
    }

    /** Of a sample. */
    private static long bytes(long[] shape, Type type) {
      long bytes = type.bytes;
      for (long size : shape) bytes *= size; // what is out of range is refused by the library
      return bytes;
    }
  }

  /**
   * The native side keeps it alive, so it must not keep the source, which may refer to its own trainer. The data set
   * keeps that, and each trainer that uses it.
   */
  static final class Caller extends SampleCallback {
    private final WeakReference<Maker> maker;
    private final AtomicReference<Throwable> failure;

    Caller(Maker maker, AtomicReference<Throwable> failure) {
      super(Maker.bytes(maker.shape, maker.type));
      this.maker = new WeakReference<>(maker);
      this.failure = failure;
    }

    @Override
    public long call(long index, ByteBuffer sample) {
      Maker maker = this.maker.get();
      if (maker == null) return FAILED; // nobody waits for the sample
      try {
        Thread thread = Thread.currentThread();
        if (thread.getContextClassLoader() == null) thread.setContextClassLoader(maker.loader); // of the library's
        return maker.concurrent ? read(maker, index, sample) : readAlone(maker, index, sample);
      } catch (Throwable thrown) {
        failure.set(thrown);
        return FAILED;
      }
    }

    private static long read(Maker maker, long index, ByteBuffer sample) throws Exception {
      return maker.source.read(index, sample.order(ByteOrder.nativeOrder()));
    }

    /** Never on two threads at once, whichever trainers use it. */
    private static long readAlone(Maker maker, long index, ByteBuffer sample) throws Exception {
      synchronized (maker) {
        return read(maker, index, sample);
      }
    }
  }

  /** What the native side asks for samples, to be kept as long as it may ask; or null. */
  Object source() {
    return maker;
  }

  /** Calls with a token for one user; what the source throws for that one is kept in `failure`. */
  long lend(AtomicReference<Throwable> failure, LongUnaryOperator call) {
    return handle.with(token -> {
      if (maker == null) return call.applyAsLong(token);
      long own = maker.make(failure);
      try {
        return call.applyAsLong(own);
      } finally {
        Raw.signsym_dataset_free(own);
      }
    });
  }

  /**
   * How many samples.
   *
   * @return their number
   */
  public long size() {
    return handle.read(Raw::signsym_dataset_size);
  }

  /**
   * How many classes.
   *
   * @return their number
   */
  public long classes() {
    return handle.read(Raw::signsym_dataset_classes);
  }

  /**
   * Shape of a sample.
   *
   * @return channels, height, width
   */
  public long[] shape() {
    return handle.read(token -> new long[] {Raw.signsym_dataset_shape(token, 0), Raw.signsym_dataset_shape(token, 1),
        Raw.signsym_dataset_shape(token, 2)});
  }

  /** Trainers that use it keep it. A second time it does nothing. */
  @Override
  public void close() {
    handle.close();
  }
}
