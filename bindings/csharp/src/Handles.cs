using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace SignSym
{
    // One for each handle type of the C ABI. The runtime holds them during each call that uses them, and frees those
    // that were forgotten: freeing is legal at any time and from any thread, the finalizer's too.
    internal abstract class NativeHandle : SafeHandle
    {
        private bool counted;
        private volatile bool disposed;

        protected NativeHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        // From Dispose on, though calls that began before still use it (IsClosed is false until they end).
        public bool IsDisposed => disposed;

        // Bytes that Weigh was told.
        public long Weight { get; private set; }

        // Bytes of native memory that go with the handle; to be said once, by who made it.
        public void Weigh(long bytes)
        {
            Weight = bytes;
            NativeMemory.Add(bytes);
        }

        // For what holds more than can be weighed; to be said once, by who made it.
        public void Count()
        {
            counted = true;
            NativeMemory.Count(1);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) disposed = true;
            base.Dispose(disposing);
        }

        protected abstract void Free();

        // Whether Free may wait for a callback of the program's.
        protected virtual bool FreeWaits => false;

        // The thread of the finalizers waits for nobody: what it waited for might need another finalizer.
        protected sealed override bool ReleaseHandle()
        {
            if (FreeWaits && !disposed) ThreadPool.UnsafeQueueUserWorkItem(_ => Release(), null);
            else Release();
            return true;
        }

        private void Release()
        {
            Free();
            NativeMemory.Remove(Weight, disposed);
            if (counted) NativeMemory.Count(-1);
        }
    }

    internal static class NativeHandles
    {
        // For a call of the object that owns it.
        public static T Open<T>(this T handle, string owner) where T : NativeHandle =>
            handle.IsDisposed || handle.IsClosed ? throw new ObjectDisposedException(owner) : handle;
    }

    internal sealed class ErrorHandle : NativeHandle
    {
        protected override void Free() => Raw.signsym_error_free(handle);
    }

    internal sealed class BytesHandle : NativeHandle
    {
        protected override void Free() => Raw.signsym_bytes_free(handle);
    }

    internal sealed class ConfigHandle : NativeHandle
    {
        // What the C ABI calls NULL.
        public static readonly ConfigHandle None = new ConfigHandle();

        protected override void Free() => Raw.signsym_config_free(handle);
    }

    internal sealed class CancelHandle : NativeHandle
    {
        protected override void Free() => Raw.signsym_cancel_free(handle);
    }

    internal sealed class DatasetHandle : NativeHandle
    {
        public static readonly DatasetHandle None = new DatasetHandle();

        protected override void Free() => Raw.signsym_dataset_free(handle);
    }

    internal sealed class ModelHandle : NativeHandle
    {
        public static readonly ModelHandle None = new ModelHandle();

        protected override void Free() => Raw.signsym_model_free(handle);
    }

    internal sealed class TrainerHandle : NativeHandle
    {
        protected override void Free() => Raw.signsym_trainer_free(handle);

        protected override bool FreeWaits => true; // for a loader thread in a data callback
    }

    internal sealed class TensorHandle : NativeHandle
    {
        protected override void Free() => Raw.signsym_tensor_free(handle);
    }

    // Holds a handle, whether or not its object is disposed meanwhile: what native code lent stays where it is.
    internal sealed class HandleUse : IDisposable
    {
        private readonly NativeHandle handle;

        public HandleUse(NativeHandle handle)
        {
            var held = false;
            handle.DangerousAddRef(ref held);
            this.handle = handle;
        }

        public void Dispose() => handle.DangerousRelease();
    }
}
