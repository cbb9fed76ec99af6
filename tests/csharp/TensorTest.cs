using System;
using System.Linq;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class TensorTest
    {
        [Test]
        public void An_array_is_seen_in_its_own_shape_and_in_place()
        {
            var array = new float[2, 3, 4];
            using (var tensor = Tensor.From(array))
            {
                CollectionAssert.AreEqual(new long[] { 2, 3, 4 }, tensor.Shape);
                CollectionAssert.AreEqual(new long[] { 12, 4, 1 }, tensor.Strides);
                Assert.AreEqual(24, tensor.Count);
                Assert.AreEqual(TensorType.F32, tensor.Type);
                array[1, 2, 3] = 7;
                Assert.AreEqual(7, tensor.ToArray()[23]);
                Marshal.WriteInt32(tensor.Data, BitConverter.ToInt32(BitConverter.GetBytes(2.5f), 0));
                Assert.AreEqual(2.5f, array[0, 0, 0]);
            }
        }

        [Test]
        public unsafe void Memory_behind_a_pointer_is_seen_in_place()
        {
            var values = stackalloc float[4];
            for (var i = 0; i < 4; ++i) values[i] = i + 1;
            using (var tensor = Tensor.From(values, TensorType.F32, new long[] { 2, 2 }))
            {
                ((float*)tensor.Data)[3] = 7;
                CollectionAssert.AreEqual(new[] { 1f, 2, 3, 7 }, tensor.ToArray());
                Assert.AreEqual(7, values[3]);
            }
            Tiny.Fails(Status.InvalidArgument, () => Tensor.From((void*)null, TensorType.F32, new long[] { 1 }));
        }

        [Test]
        public void An_array_is_seen_in_another_shape()
        {
            using (var tensor = Tensor.From(new byte[12], 3, 4)) CollectionAssert.AreEqual(new long[] { 3, 4 },
                tensor.Shape);
            StringAssert.Contains("12", Assert.Throws<ArgumentException>(() =>
                Tensor.From(new byte[12], 3, 5)).Message);
            Tiny.Fails(Status.InvalidArgument, () => Tensor.From(new byte[12], -3, -4));
            Assert.Throws<ArgumentException>(() => Tensor.From(new byte[12], long.MaxValue, 4));
        }

        [Test]
        public void Every_type_of_numbers_is_read()
        {
            var arrays = new Array[]
            {
                new byte[] { 3 }, new sbyte[] { 3 }, new short[] { 3 }, new ushort[] { 3 }, new int[] { 3 },
                    new uint[] { 3 }, new long[] { 3 },
                new ulong[] { 3 }, new float[] { 3 }, new double[] { 3 }
            };
            foreach (var array in arrays)
                using (var tensor = Tensor.From(array)) Assert.AreEqual(new[] { 3f }, tensor.ToArray(),
                    tensor.Type.ToString());
            CollectionAssert.AllItemsAreUnique(arrays.Select(array =>
                { using (var tensor = Tensor.From(array)) return tensor.Type; }));
            foreach (var type in new[] { TensorType.F16, TensorType.BF16 })
                using (var tensor = Tensor.From(Marshal.AllocHGlobal(2), type, new long[] { 1 }))
                {
                    Assert.AreEqual(type, tensor.Type);
                    Assert.Throws<NotSupportedException>(() => tensor.ToArray());
                }
        }

        [Test]
        public void Strides_are_followed()
        {
            var array = new[] { 0, 1, 2, 3, 4, 5 };
            using (var rows = Tensor.From(array))
            using (var turned = Tensor.From(rows.Data, TensorType.I32, new long[] { 3, 2 }, new long[] { 1, 3 }))
                CollectionAssert.AreEqual(new[] { 0, 3, 1, 4, 2, 5 }, turned.ToArray());
        }

        private sealed class Owner : IDisposable
        {
            public int Disposed;
            public void Dispose() => ++Disposed;
        }

        [Test]
        public void An_owner_is_disposed_once_whatever_the_refusal()
        {
            var refusals = new Action<Owner>[]
            {
                owner => Tensor.From(new IntPtr(8), TensorType.U8, null, null, owner),
                owner => Tensor.From(new IntPtr(8), TensorType.U8, new long[] { 2, 2 }, new long[] { 2 }, owner),
                owner => Tensor.From(new IntPtr(8), (TensorType)99, new long[] { 1 }, null, owner),
                owner => Tensor.From(IntPtr.Zero, TensorType.U8, new long[] { 1 }, null, owner)
            };
            foreach (var refusal in refusals)
            {
                var owner = new Owner();
                Assert.Catch<Exception>(() => refusal(owner));
                Assert.AreEqual(1, owner.Disposed, "refusal " + Array.IndexOf(refusals, refusal));
            }
        }

        [Test]
        public void What_is_no_tensor_is_refused()
        {
            Assert.Throws<ArgumentNullException>(() => Tensor.From(null));
            Assert.Throws<ArgumentException>(() => Tensor.From(new[] { "text" }));
            Assert.Throws<ArgumentException>(() => Tensor.From(new char[1]));
            Assert.Throws<ArgumentException>(() => Tensor.From(new bool[1]));
            Tiny.Fails(Status.InvalidArgument, () => Tensor.From(new float[0]));
            Assert.Throws<ArgumentException>(() => Tensor.From(new IntPtr(8), TensorType.U8, new long[] { 2, 2 },
                new long[] { 2 }));
            Assert.Throws<ArgumentNullException>(() => Tensor.From(new IntPtr(8), TensorType.U8, null));
            Tiny.Fails(Status.InvalidArgument, () => Tensor.From(new IntPtr(8), (TensorType)99, new long[] { 1 }));
            Tiny.Fails(Status.InvalidArgument, () => Tensor.From(new IntPtr(8), TensorType.U8, new long[] { -1 }));
            Tiny.Fails(Status.InvalidArgument, () => Tensor.From(new IntPtr(8), TensorType.U8, new long[9]));
        }

        [Test]
        public void A_tensor_that_is_disposed_is_refused()
        {
            var tensor = Tensor.From(new float[4]);
            tensor.Dispose();
            tensor.Dispose();
            Assert.AreEqual("Tensor", Assert.Throws<ObjectDisposedException>(() => tensor.ToArray()).ObjectName);
            Assert.Throws<ObjectDisposedException>(() => tensor.Data.ToInt64());
            Assert.AreEqual(4, tensor.Count);
            using (var labels = Tensor.From(new long[4]))
                Assert.Throws<ObjectDisposedException>(() => Dataset.FromMemory(tensor, labels, 2));
        }
    }
}
