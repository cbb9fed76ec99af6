using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace SignSym
{
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int EventFunction(IntPtr trainingEvent, IntPtr userData);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int SampleFunction(long index, IntPtr sample, out long label, IntPtr userData);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate void DestroyFunction(IntPtr userData);

    // What native code calls. The delegates are static: they are never collected. What they work on travels as user
    // data, a GCHandle that the destroy function frees. No exception leaves them.
    internal static class Callbacks
    {
        public static readonly EventFunction OnEvent = HandleEvent;
        public static readonly SampleFunction OnSample = WriteSample;
        public static readonly DestroyFunction Release = FreeUserData;

        // A new handle is handed over by the call that it is made for, which calls Release if it fails, too.
        public static IntPtr UserData(object target) => GCHandle.ToIntPtr(GCHandle.Alloc(target));

        private static int HandleEvent(IntPtr trainingEvent, IntPtr userData)
        {
            var listener = (EventListener)GCHandle.FromIntPtr(userData).Target;
            try
            {
                listener.Handle(trainingEvent);
            }
            catch (Exception exception)
            {
                listener.Failure.Keep(exception);
            }
            return listener.Failure.IsThere ? 1 : 0;
        }

        private static int WriteSample(long index, IntPtr sample, out long label, IntPtr userData)
        {
            var source = (SampleSource)GCHandle.FromIntPtr(userData).Target;
            label = 0;
            try
            {
                label = source.Write(index, sample);
                if (!source.Allows(label)) source.Failure.Keep(null); // told in the library's words
                return 0;
            }
            catch (Exception exception)
            {
                source.Failure.Keep(exception);
                return 1;
            }
        }

        private static void FreeUserData(IntPtr userData)
        {
            var handle = GCHandle.FromIntPtr(userData);
            var owner = handle.Target as IDisposable;
            handle.Free();
            try
            {
                owner?.Dispose();
            }
            catch (Exception)
            {
                // Nobody is there to tell: the memory's last user may be a thread of the library.
            }
        }
    }

    // The last exception of a callback, until the call that it stopped takes it. Any thread. Not the first: that may be
    // of a loader thread which threw when its call had failed already, by another thread.
    internal sealed class CallbackFailure
    {
        private Exception last;

        public bool IsThere => Volatile.Read(ref last) != null;

        public void Keep(Exception exception) => Volatile.Write(ref last, exception);

        public Exception Take() => Interlocked.Exchange(ref last, null);
    }

    // A trainer's listener. It holds the handler only during a run, so that one that refers to its trainer does not
    // keep it from being collected.
    internal sealed class EventListener
    {
        public readonly CallbackFailure Failure = new CallbackFailure();
        public Action<TrainingEvent> Handler;

        // A handler that threw is not called again.
        public void Handle(IntPtr trainingEvent)
        {
            if (Handler != null && !Failure.IsThere) Handler(new TrainingEvent(trainingEvent));
        }
    }

    // A data set's callback.
    internal sealed class SampleSource
    {
        public readonly CallbackFailure Failure = new CallbackFailure();
        private readonly NativeSampleWriter write;
        private readonly long classes;

        public SampleSource(NativeSampleWriter write, long classes)
        {
            this.write = write;
            this.classes = classes;
        }

        public long Write(long index, IntPtr sample) => write(index, sample);

        public bool Allows(long label) => label >= 0 && label < classes;
    }
}
