using System;
using System.Runtime.InteropServices;
using System.Threading;
using static SignSym.Argument;

namespace SignSym
{
    /// <summary>A part of a config's data.</summary>
    public enum DataPart
    {
        /// <summary>What is trained on.</summary>
        Training = Raw.SIGNSYM_TRAINING,
        /// <summary>What is evaluated on.</summary>
        HeldOut = Raw.SIGNSYM_HELD_OUT
    }

    /// <summary>Writes a sample for a data set.</summary>
    /// <param name="index">Of the sample, from 0.</param>
    /// <param name="sample">
    /// Room for the sample's values, in the data set's layout; all are 0. It is for this call alone: do not keep it.
    /// </param>
    /// <returns>The sample's label, from 0.</returns>
    public delegate long SampleWriter(long index, float[] sample);

    /// <summary>Writes a sample for a data set into native memory.</summary>
    /// <param name="index">Of the sample, from 0.</param>
    /// <param name="sample">
    /// Room for a sample of the data set's shape, type and layout; a pointer by a cast: (float*)sample.
    /// </param>
    /// <returns>The sample's label, from 0.</returns>
    public delegate long NativeSampleWriter(long index, IntPtr sample);

    /// <summary>Samples with labels: of a config, in memory of yours, or made by a function of yours.</summary>
    public sealed class Dataset : IDisposable
    {
        private const int MostFloats = 0x7fffffc7 / 4; // of an array of 2 GB

        private readonly DatasetHandle handle;
        private readonly SampleSource source; // or null; native code does not keep it

        private Dataset(DatasetHandle handle, SampleSource source = null)
        {
            this.handle = handle;
            this.source = source;
        }

        internal DatasetHandle Handle => handle.Open(nameof(Dataset));

        // Of the callback; null where there is none.
        internal SampleFailures Failures => source?.Failures;

        /// <summary>A part of the data of a config, as a run of it has them.</summary>
        /// <param name="config">Names the data.</param>
        /// <param name="part">Which of them.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>; <see cref="Status.NotFound"/>, <see cref="Status.IO"/>,
        /// <see cref="Status.BadData"/>: of its files.
        /// </exception>
        public static Dataset FromConfig(Config config, DataPart part)
        {
            var status = Raw.signsym_dataset_create_from_config(NotNull(config, nameof(config)).Handle, (int)part,
                out var handle, out var error);
            Failure.Check(status, error);
            handle.Count(); // of a split it holds the other part's samples too
            handle.Weigh(Raw.signsym_dataset_size(handle) * Raw.signsym_dataset_shape(handle, 0) *
                Raw.signsym_dataset_shape(handle, 1) * Raw.signsym_dataset_shape(handle, 2)); // a byte each
            return new Dataset(handle);
        }

        /// <summary>
        /// Memory of yours, used in place: no copy is made but that into each batch. It must not change meanwhile. The
        /// tensors may be disposed; the data set keeps their memory.
        /// </summary>
        /// <param name="samples">
        /// (N, channels, height, width), or (N, n) for n channels of 1 × 1. Bytes are divided by 255, all else is taken
        /// as it is.
        /// </param>
        /// <param name="labels">(N), of any integer type, from 0 to classes − 1.</param>
        /// <param name="classes">How many classes there are.</param>
        /// <param name="layout">Of the samples' shape.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: shapes, types, counts or labels that do not go together.
        /// </exception>
        public static Dataset FromMemory(Tensor samples, Tensor labels, long classes, Layout layout = Layout.Nchw)
        {
            using (var sharedSamples = NotNull(samples, nameof(samples)).Share())
            using (var sharedLabels = NotNull(labels, nameof(labels)).Share())
            {
                var status = Raw.signsym_dataset_create_from_memory(sharedSamples, sharedLabels, (int)layout, classes,
                    out var handle, out var error);
                Failure.Check(status, error);
                sharedSamples.SetHandleAsInvalid(); // both are the data set's now
                sharedLabels.SetHandleAsInvalid();
                return new Dataset(handle);
            }
        }

        /// <summary>Samples that a function makes, as floats.</summary>
        /// <param name="size">How many samples there are.</param>
        /// <param name="classes">How many classes there are.</param>
        /// <param name="shape">
        /// Of a sample: channels, height, width (with <see cref="Layout.Nhwc"/> height, width, channels); or one number.
        /// </param>
        /// <param name="writer">
        /// Writes a sample and gives its label. An exception from it stops the run or call that asked, and is the inner
        /// exception of what comes out of that, whichever trainers share the set.
        /// </param>
        /// <param name="layout">Of the shape.</param>
        /// <param name="concurrent">
        /// May it be called on loader threads, on several at once? Otherwise on the one that trains or evaluates.
        /// </param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: of size, classes or shape.
        /// </exception>
        /// <exception cref="ArgumentException">A sample of more values than an array of 2 GB holds.</exception>
        public static Dataset FromCallback(long size, long classes, long[] shape, SampleWriter writer,
            Layout layout = Layout.Nchw, bool concurrent = false)
        {
            NotNull(writer, nameof(writer));
            var count = 1.0;
            foreach (var length in NotNull(shape, nameof(shape))) count *= Math.Max(length, 0);
            if (count > MostFloats)
                throw new ArgumentException("A sample of the shape (" + string.Join(", ", shape) + ") has " + count +
                    " values, and an array holds " + MostFloats + ": take the NativeSampleWriter.", nameof(shape));
            var buffers = new ThreadLocal<float[]>();
            return FromCallback(size, classes, shape, TensorType.F32, (index, sample) =>
            {
                var buffer = buffers.Value ?? new float[(long)count];
                buffers.Value = null; // the writer may ask for another sample
                Array.Clear(buffer, 0, buffer.Length);
                var label = writer(index, buffer);
                Marshal.Copy(buffer, 0, sample, buffer.Length);
                buffers.Value = buffer;
                return label;
            }, layout, concurrent);
        }

        /// <summary>Samples that a function makes, of any type, in native memory.</summary>
        /// <param name="size">How many samples there are.</param>
        /// <param name="classes">How many classes there are.</param>
        /// <param name="shape">
        /// Of a sample: channels, height, width (with <see cref="Layout.Nhwc"/> height, width, channels); or one number.
        /// </param>
        /// <param name="type">Of a sample's values.</param>
        /// <param name="writer">
        /// Writes a sample and gives its label. An exception from it stops the run or call that asked, and is the inner
        /// exception of what comes out of that, whichever trainers share the set.
        /// </param>
        /// <param name="layout">Of the shape.</param>
        /// <param name="concurrent">
        /// May it be called on loader threads, on several at once? Otherwise on the one that trains or evaluates.
        /// </param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: of size, classes, shape or type.
        /// </exception>
        public static Dataset FromCallback(long size, long classes, long[] shape, TensorType type,
            NativeSampleWriter writer,
            Layout layout = Layout.Nchw, bool concurrent = false)
        {
            Natives.Load();
            var source = new SampleSource(NotNull(writer, nameof(writer)));
            var status = Raw.signsym_dataset_create_from_callback(size, classes, NotNull(shape, nameof(shape)),
                shape.Length, (int)type,
                (int)layout, concurrent ? 1 : 0, Callbacks.OnSample, Callbacks.WeakUserData(source), Callbacks.Release,
                out var handle, out var error);
            Failure.Check(status, error);
            return new Dataset(handle, source);
        }

        /// <summary>How many samples there are.</summary>
        public long Size => Raw.signsym_dataset_size(Handle);

        /// <summary>How many classes there are.</summary>
        public long Classes => Raw.signsym_dataset_classes(Handle);

        /// <summary>Channels of a sample.</summary>
        public long Channels => Raw.signsym_dataset_shape(Handle, 0);

        /// <summary>Height of a sample.</summary>
        public long Height => Raw.signsym_dataset_shape(Handle, 1);

        /// <summary>Width of a sample.</summary>
        public long Width => Raw.signsym_dataset_shape(Handle, 2);

        /// <summary>Legal at any time: trainers that use the set keep it.</summary>
        public void Dispose() => handle.Dispose();
    }
}
