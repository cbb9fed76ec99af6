using System;
using System.Runtime.InteropServices;

namespace SignSym
{
    // One for each handle type of the C ABI. The runtime holds them during each call that uses them, and frees those
    // that were forgotten: freeing is legal at any time and from any thread, the finalizer's too.
    internal abstract class NativeHandle : SafeHandle
    {
        protected NativeHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;
    }

    internal static class NativeHandles
    {
        // For a call of the object that owns it.
        public static T Open<T>(this T handle, string owner) where T : NativeHandle =>
            handle.IsClosed ? throw new ObjectDisposedException(owner) : handle;
    }

    internal sealed class ErrorHandle : NativeHandle
    {
        protected override bool ReleaseHandle() { Raw.signsym_error_free(handle); return true; }
    }

    internal sealed class BytesHandle : NativeHandle
    {
        protected override bool ReleaseHandle() { Raw.signsym_bytes_free(handle); return true; }
    }

    internal sealed class ConfigHandle : NativeHandle
    {
        // What the C ABI calls NULL.
        public static readonly ConfigHandle None = new ConfigHandle();

        protected override bool ReleaseHandle() { Raw.signsym_config_free(handle); return true; }
    }

    internal sealed class CancelHandle : NativeHandle
    {
        protected override bool ReleaseHandle() { Raw.signsym_cancel_free(handle); return true; }
    }

    internal sealed class DatasetHandle : NativeHandle
    {
        public static readonly DatasetHandle None = new DatasetHandle();

        protected override bool ReleaseHandle() { Raw.signsym_dataset_free(handle); return true; }
    }

    internal sealed class ModelHandle : NativeHandle
    {
        public static readonly ModelHandle None = new ModelHandle();

        protected override bool ReleaseHandle() { Raw.signsym_model_free(handle); return true; }
    }

    internal sealed class TrainerHandle : NativeHandle
    {
        protected override bool ReleaseHandle() { Raw.signsym_trainer_free(handle); return true; }
    }

    internal sealed class TensorHandle : NativeHandle
    {
        protected override bool ReleaseHandle() { Raw.signsym_tensor_free(handle); return true; }
    }
}
