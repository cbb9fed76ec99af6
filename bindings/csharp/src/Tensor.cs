using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using static SignSym.Argument;

namespace SignSym
{
    /// <summary>The type of a tensor's elements.</summary>
    public enum TensorType
    {
        /// <summary>byte. As samples: divided by 255.</summary>
        U8 = Raw.SIGNSYM_U8,
        /// <summary>ushort.</summary>
        U16 = Raw.SIGNSYM_U16,
        /// <summary>uint.</summary>
        U32 = Raw.SIGNSYM_U32,
        /// <summary>ulong.</summary>
        U64 = Raw.SIGNSYM_U64,
        /// <summary>sbyte.</summary>
        I8 = Raw.SIGNSYM_I8,
        /// <summary>short.</summary>
        I16 = Raw.SIGNSYM_I16,
        /// <summary>int.</summary>
        I32 = Raw.SIGNSYM_I32,
        /// <summary>long.</summary>
        I64 = Raw.SIGNSYM_I64,
        /// <summary>IEEE half precision.</summary>
        F16 = Raw.SIGNSYM_F16,
        /// <summary>The upper half of a float.</summary>
        BF16 = Raw.SIGNSYM_BF16,
        /// <summary>float.</summary>
        F32 = Raw.SIGNSYM_F32,
        /// <summary>double.</summary>
        F64 = Raw.SIGNSYM_F64
    }

    /// <summary>The order of a picture's dimensions.</summary>
    public enum Layout
    {
        /// <summary>Samples, channels, height, width.</summary>
        Nchw = Raw.SIGNSYM_NCHW,
        /// <summary>Samples, height, width, channels.</summary>
        Nhwc = Raw.SIGNSYM_NHWC
    }

    /// <summary>
    /// Numbers in memory, with type and shape: an array of yours, which is used in place, memory behind a pointer, or
    /// what a model gave. The memory stays in use until the tensor is disposed or collected, and with it every data set
    /// that was made from it.
    /// </summary>
    public sealed class Tensor : IDisposable
    {
        private static readonly Dictionary<Type, TensorType> Types = new Dictionary<Type, TensorType>
        {
            { typeof(byte), TensorType.U8 }, { typeof(ushort), TensorType.U16 }, { typeof(uint), TensorType.U32 },
            { typeof(ulong), TensorType.U64 }, { typeof(sbyte), TensorType.I8 }, { typeof(short), TensorType.I16 },
            { typeof(int), TensorType.I32 }, { typeof(long), TensorType.I64 }, { typeof(float), TensorType.F32 },
            { typeof(double), TensorType.F64 }
        };

        private readonly TensorHandle handle;
        private readonly IntPtr data;
        private readonly long[] shape, strides;

        internal Tensor(TensorHandle handle)
        {
            this.handle = handle;
            data = Raw.tensor_data(handle);
            Type = (TensorType)Raw.tensor_type(handle);
            shape = new long[Raw.tensor_dimensions(handle)];
            strides = new long[shape.Length];
            for (var d = 0; d < shape.Length; ++d)
            {
                shape[d] = Raw.tensor_size(handle, d);
                strides[d] = Raw.tensor_stride(handle, d);
            }
            Count = shape.Aggregate(1L, (product, size) => product * size);
        }

        // With memory which the library made: its own, or a model's, which it keeps when the model has gone.
        internal static Tensor Native(TensorHandle handle)
        {
            handle.Weigh(Raw.tensor_bytes(handle));
            return new Tensor(handle);
        }

        internal TensorHandle Handle => handle.Open(nameof(Tensor));

        /// <summary>The type of the elements.</summary>
        public TensorType Type { get; }

        /// <summary>The size of each dimension.</summary>
        public IReadOnlyList<long> Shape => shape;

        /// <summary>From one element to the next in each dimension, in elements.</summary>
        public IReadOnlyList<long> Strides => strides;

        /// <summary>The number of elements.</summary>
        public long Count { get; }

        /// <summary>
        /// The first element, as a pointer by a cast: (float*)tensor.Data. It is there until the tensor is disposed or
        /// collected: hold the tensor (GC.KeepAlive).
        /// </summary>
        public IntPtr Data
        {
            get
            {
                handle.Open(nameof(Tensor));
                return data;
            }
        }

        /// <summary>An array of yours, used in place and pinned as long.</summary>
        /// <param name="array">Of integers, floats or doubles, of any rank.</param>
        /// <param name="shape">The shape to see it in; left out: the array's own.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: a size below 0, no element, more than 8 dimensions.
        /// </exception>
        /// <exception cref="ArgumentException">Elements of another type, or not as many as the shape says.</exception>
        public static Tensor From(Array array, params long[] shape)
        {
            NotNull(array, nameof(array));
            NotNull(shape, nameof(shape));
            if (!Types.TryGetValue(array.GetType().GetElementType(), out var type))
                throw new ArgumentException("Elements of type " + array.GetType().GetElementType() +
                    " make no tensor: integers, float or double are expected.", nameof(array));
            if (shape.Length == 0) shape = Enumerable.Range(0, array.Rank).Select(array.GetLongLength).ToArray();
            var count = shape.Aggregate(1.0, (product, size) => product * size);
            if (count != array.LongLength)
                throw new ArgumentException("The shape (" + string.Join(", ", shape) + ") has " + count +
                    " elements, and the array has " +
                    array.LongLength + ".", nameof(shape));
            Natives.Load();
            var pinned = new PinnedArray(array);
            return new Tensor(Wrap(pinned.Address, type, shape, null, pinned));
        }

        /// <summary>Memory that is not the garbage collector's, used in place.</summary>
        /// <param name="data">The first element, at an address that is a multiple of its size.</param>
        /// <param name="type">The type of the elements.</param>
        /// <param name="shape">The size of each dimension.</param>
        /// <param name="strides">In elements; null: one after the other, the last dimension fastest.</param>
        /// <param name="owner">
        /// Disposed once: on any thread, when the memory is no longer in use, or before this call throws, whatever it
        /// throws. What the owner throws is lost. Null: the memory outlives the tensor and every data set that is made
        /// from it.
        /// </param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: a null pointer, a wrong address, type or shape.
        /// </exception>
        /// <exception cref="ArgumentException">No shape, or another number of strides.</exception>
        public static Tensor From(IntPtr data, TensorType type, long[] shape, long[] strides = null,
            IDisposable owner = null) => new Tensor(Wrap(data, type, shape, strides, owner));

        /// <summary>As <see cref="From(IntPtr, TensorType, long[], long[], IDisposable)"/>, of a pointer.</summary>
        /// <param name="data">The first element, at an address that is a multiple of its size.</param>
        /// <param name="type">The type of the elements.</param>
        /// <param name="shape">The size of each dimension.</param>
        /// <param name="strides">In elements; null: one after the other, the last dimension fastest.</param>
        /// <param name="owner">Disposed as there; null: nobody.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: a null pointer, a wrong address, type or shape.
        /// </exception>
        /// <exception cref="ArgumentException">No shape, or another number of strides.</exception>
        public static unsafe Tensor From(void* data, TensorType type, long[] shape, long[] strides = null,
            IDisposable owner = null) => From((IntPtr)data, type, shape, strides, owner);

        /// <summary>
        /// A copy as floats, the last dimension fastest. Not of <see cref="TensorType.F16"/> and
        /// <see cref="TensorType.BF16"/>: those are read through <see cref="Data"/>.
        /// </summary>
        /// <exception cref="NotSupportedException">The type is one of the two.</exception>
        public float[] ToArray()
        {
            var values = new float[Count];
            var position = new long[shape.Length];
            using (new HandleUse(Handle))
            {
                for (long i = 0, offset = 0; i < Count; ++i)
                {
                    values[i] = Read(offset);
                    for (var d = shape.Length - 1; d >= 0; --d) // to the next element: the last dimension that can
                    {
                        offset += strides[d];
                        if (++position[d] < shape[d]) break;
                        offset -= shape[d] * strides[d];
                        position[d] = 0;
                    }
                }
            }
            return values;
        }

        /// <summary>Lets go of the memory; data sets that were made from it keep it.</summary>
        public void Dispose() => handle.Dispose();

        // A second tensor over the same memory, which it keeps in use: for a data set to own.
        internal TensorHandle Share() => Wrap(data, Type, shape, strides, new HandleUse(Handle));

        // The owner is let go on every failure: here, and by the library where that refuses.
        private static TensorHandle Wrap(IntPtr data, TensorType type, long[] shape, long[] strides, IDisposable owner)
        {
            try
            {
                Natives.Load();
                NotNull(shape, nameof(shape));
                if (strides != null && strides.Length != shape.Length)
                    throw new ArgumentException(strides.Length + " strides were given for " + shape.Length +
                        " dimensions.", nameof(strides));
            }
            catch
            {
                Callbacks.LetGo(owner);
                throw;
            }
            var userData = owner == null ? IntPtr.Zero : Callbacks.UserData(owner);
            var status = Raw.signsym_tensor_wrap(data, (int)type, shape, strides, shape.Length, userData,
                owner == null ? null : Callbacks.Release, out var handle, out var error);
            Failure.Check(status, error);
            return handle;
        }

        private unsafe float Read(long offset)
        {
            var start = (void*)data;
            switch (Type)
            {
                case TensorType.U8: return ((byte*)start)[offset];
                case TensorType.U16: return ((ushort*)start)[offset];
                case TensorType.U32: return ((uint*)start)[offset];
                case TensorType.U64: return ((ulong*)start)[offset];
                case TensorType.I8: return ((sbyte*)start)[offset];
                case TensorType.I16: return ((short*)start)[offset];
                case TensorType.I32: return ((int*)start)[offset];
                case TensorType.I64: return ((long*)start)[offset];
                case TensorType.F32: return ((float*)start)[offset];
                case TensorType.F64: return (float)((double*)start)[offset];
                default: throw new NotSupportedException("A tensor of " + Type + " is read through its Data.");
            }
        }
    }

    // An array that the garbage collector does not move.
    internal sealed class PinnedArray : IDisposable
    {
        private GCHandle handle;

        public PinnedArray(Array array) { handle = GCHandle.Alloc(array, GCHandleType.Pinned); }

        public IntPtr Address => handle.AddrOfPinnedObject();

        public void Dispose() => handle.Free();
    }
}
