package org.signsym;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.signsym.internal.Raw;

class TensorTest {
  @Test
  void arrays_are_copied() {
    float[] values = {1, 2, 3, 4, 5, 6};
    Tensor tensor = Tensor.of(values, 2, 3);
    values[0] = 7;
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, tensor.toFloatArray());
    assertArrayEquals(new long[] {3, 1}, tensor.strides());
    assertEquals("F32[2, 3]", tensor.toString());
    assertArrayEquals(new float[] {255, 0}, Tensor.of(new byte[] {-1, 0}).toFloatArray());
    assertArrayEquals(new float[] {-5}, Tensor.of(new long[] {-5}).toFloatArray());
  }

  @Test
  void direct_memory_is_shown_in_place_from_its_position() {
    ByteBuffer memory = ByteBuffer.allocateDirect(32).order(ByteOrder.nativeOrder());
    for (int i = 0; i < 8; i++) memory.putFloat(i);
    Tensor tensor = Tensor.wrap(memory.position(8), Type.F32, 2, 3);
    memory.putFloat(8, 9);
    assertArrayEquals(new float[] {9, 3, 4, 5, 6, 7}, tensor.toFloatArray());
    Tensor turned = Tensor.wrap(memory.position(0), Type.F32, new long[] {2, 4}, new long[] {1, 2});
    assertArrayEquals(new float[] {0, 9, 4, 6, 1, 3, 5, 7}, turned.toFloatArray());
  }

  @Test
  void every_type_that_a_float_can_show_is_read() {
    ByteBuffer memory = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    for (Type type : Type.values()) {
      Tensor ones = Tensor.wrap(memory.putLong(0, -1).slice().order(ByteOrder.nativeOrder())
          .limit(type.bytes), type, 1);
      switch (type) {
        case F16, BF16 -> assertThrows(IllegalStateException.class, ones::toFloatArray);
        case F32, F64 -> assertTrue(Float.isNaN(ones.toFloatArray()[0]));
        case U8, U16, U32, U64 -> assertEquals((float) (Math.pow(2, 8 * type.bytes) - 1), ones.toFloatArray()[0]);
        default -> assertEquals(-1, ones.toFloatArray()[0], type.name());
      }
    }
    Tensor large = Tensor.wrap(memory, Type.U64, 1);
    memory.putLong(0, 5);
    assertArrayEquals(new float[] {5}, large.toFloatArray());
    memory.putLong(0, (1L << 63) + (1L << 39) + 1); // just above the middle of two floats
    assertArrayEquals(new float[] {0x1.000002p63f}, large.toFloatArray());
  }

  @Test
  void a_shape_that_does_not_fit_its_memory_is_refused() {
    ByteBuffer memory = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, Type.F32, 5));
    assertTrue(error.getMessage().contains("20 bytes") && error.getMessage().contains("16"), error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, Type.U8, -1));
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, Type.U8, Long.MAX_VALUE, 3));
    assertThrows(IllegalArgumentException.class,
        () -> Tensor.wrap(memory, Type.U8, new long[] {2, Long.MAX_VALUE}, new long[] {Long.MAX_VALUE, 2}));
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, Type.U8, new long[] {2}, new long[] {-1}));
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, Type.U8, new long[] {2}, new long[] {1, 1}));
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, Type.U8, new long[9]));
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[5], 2, 3));
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(ByteBuffer.allocate(16), Type.U8, 16));
    assertEquals(0, Tensor.wrap(memory, Type.F32, 0, 1000).toFloatArray().length);
  }

  @Test
  void numbers_in_another_byte_order_are_refused_and_bytes_have_none() {
    ByteBuffer memory = ByteBuffer.allocateDirect(16); // of Java's order, which is BIG_ENDIAN
    ByteOrder other = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    for (Type type : Type.values()) {
      if (type.bytes == 1) {
        assertEquals(16, Tensor.wrap(memory.order(other), type, 16).toFloatArray().length);
        continue;
      }
      IllegalArgumentException error =
          assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory.order(other), type, 1));
      assertTrue(error.getMessage().contains("buffer.order(ByteOrder.nativeOrder())"), error.getMessage());
      Tensor.wrap(memory.order(ByteOrder.nativeOrder()), type, 1);
    }
  }

  @Test
  void tensors_that_are_shown_and_forgotten_on_an_empty_heap_do_not_pile_up() throws Exception {
    Natives.load();
    ByteBuffer memory = ByteBuffer.allocateDirect(1);
    List<WeakReference<Object>> owners = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      Object owner = new Object();
      owners.add(new WeakReference<>(owner));
      Tensor.show(Raw.signsym_tensor_wrap(memory, Type.U8.code(), new long[] {1}, new long[] {1}, 1, owner));
      if (i % 100 == 0) Thread.sleep(1); // in which what was collected is freed
    }
    long alive = owners.stream().filter(owner -> owner.get() != null).count();
    assertTrue(alive < 2000, alive + " are alive");
  }

  @Test
  void a_native_tensor_that_no_buffer_can_show_is_refused_and_freed() throws Exception {
    Natives.load();
    for (int way = 0; way < 2; way++) {
      ByteBuffer memory = ByteBuffer.allocateDirect(1);
      Object owner = new Object();
      WeakReference<Object> kept = new WeakReference<>(owner);
      long[] shape = {2};
      long[] strides = {Integer.MAX_VALUE};
      long tensor = Raw.signsym_tensor_wrap(memory, Type.U8.code(), shape, strides, 1, owner);
      boolean shown = way == 0;
      SignSymException error = assertThrows(SignSymException.class,
          () -> { if (shown) Tensor.show(tensor); else Tensor.take(tensor); });
      assertEquals(Status.UNSUPPORTED, error.status());
      assertTrue(error.getMessage().contains("2147483648 bytes"), error.getMessage());
      owner = null;
      for (int i = 0; i < 100 && kept.get() != null; i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertNull(kept.get());
    }
  }
}
