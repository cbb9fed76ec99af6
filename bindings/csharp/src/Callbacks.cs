using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
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
    // data, a GCHandle that the destroy function frees. No exception leaves them, that of Thread.Abort neither.
    internal static class Callbacks
    {
        private static readonly bool OnMono =
            RuntimeInformation.FrameworkDescription.StartsWith("Mono", StringComparison.Ordinal);
        public static readonly EventFunction OnEvent = HandleEvent;
        public static readonly SampleFunction OnSample = WriteSample;
        public static readonly DestroyFunction Release = FreeUserData;

        // A new handle is handed over by the call that it is made for, which calls Release if it fails, too.
        public static IntPtr UserData(object target) => GCHandle.ToIntPtr(GCHandle.Alloc(target));

        // For what the program refers to from elsewhere as long as it is to be called: native code alone does not keep it
        // and all that it refers to, its own trainer perhaps.
        public static IntPtr WeakUserData(object target) =>
            GCHandle.ToIntPtr(GCHandle.Alloc(target, GCHandleType.Weak));

        // What an owner throws is lost. Nobody is there to tell: the memory's last user may be a thread of the library.
        public static void LetGo(IDisposable owner)
        {
            try
            {
                owner?.Dispose();
            }
            catch (Exception)
            {
            }
        }

        private static int HandleEvent(IntPtr trainingEvent, IntPtr userData)
        {
            var listener = (EventListener)GCHandle.FromIntPtr(userData).Target;
            try
            {
                listener.Handle(trainingEvent);
            }
            catch (ThreadAbortException exception)
            {
                Thread.ResetAbort();
                listener.Thrown = exception;
            }
            catch (Exception exception)
            {
                listener.Thrown = exception;
            }
            return listener.Thrown == null ? 0 : 1;
        }

        private static int WriteSample(long index, IntPtr sample, out long label, IntPtr userData)
        {
            var status = Ask(index, sample, out label, userData);
            if (OnMono) Wipe();
            return status;
        }

        // Mono's collector takes for a reference what looks like one, anywhere on the stack of a loader thread that waits
        // for its next sample: the one before would keep its source, and all that it refers to.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static unsafe void Wipe()
        {
            var above = stackalloc byte[8192];
            above[0] = 1;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static int Ask(long index, IntPtr sample, out long label, IntPtr userData)
        {
            var source = (SampleSource)GCHandle.FromIntPtr(userData).Target;
            label = 0;
            if (source == null) return 1; // trainer and data set are forgotten, and nobody waits for the sample
            try
            {
                label = source.Write(index, sample);
                return 0;
            }
            catch (ThreadAbortException exception)
            {
                Thread.ResetAbort();
                return source.Failures.Keep(exception);
            }
            catch (Exception exception)
            {
                return source.Failures.Keep(exception);
            }
        }

        private static void FreeUserData(IntPtr userData)
        {
            var handle = GCHandle.FromIntPtr(userData);
            var owner = handle.Target as IDisposable;
            handle.Free();
            LetGo(owner);
        }
    }

    // What a data callback threw, until the call that it stopped takes it. Several calls may wait for theirs at once, of
    // trainers that share the set and of loader threads that work ahead: so each exception has a number, which the
    // callback returns and the library's message says.
    internal sealed class SampleFailures
    {
        private const int Most = 1000; // the oldest go: some stop no call, since theirs had failed already
        private static int last;
        private readonly List<KeyValuePair<int, Exception>> kept = new List<KeyValuePair<int, Exception>>();

        public int Keep(Exception exception)
        {
            var number = 1 + (Interlocked.Increment(ref last) & 0x3fffffff); // 0 is success
            lock (kept)
            {
                if (kept.Count == Most) kept.RemoveAt(0);
                kept.Add(new KeyValuePair<int, Exception>(number, exception));
            }
            return number;
        }

        // That of the number in the message, which then says the exception in its place; null: it is none of these.
        public Exception Take(ref string message)
        {
            lock (kept)
                for (var i = 0; i < kept.Count; ++i)
                {
                    var returned = "the sample callback returned " + kept[i].Key + " (";
                    if (!message.Contains(returned)) continue;
                    var thrown = kept[i].Value;
                    kept.RemoveAt(i);
                    message = message.Replace(returned,
                        "the sample callback threw " + thrown.GetType().Name + ": " + thrown.Message + " (");
                    return thrown;
                }
            return null;
        }
    }

    // A trainer's listener. It holds the handler only during a run, so that one that refers to its trainer does not
    // keep it from being collected.
    internal sealed class EventListener
    {
        public Action<TrainingEvent> Handler;
        public Exception Thrown; // by the handler, in this run

        // A handler that threw is not called again.
        public void Handle(IntPtr trainingEvent)
        {
            if (Handler != null && Thrown == null) Handler(new TrainingEvent(trainingEvent));
        }
    }

    // A data set's callback. The data set keeps it, and each trainer that uses the set.
    internal sealed class SampleSource
    {
        public readonly SampleFailures Failures = new SampleFailures();
        public readonly NativeSampleWriter Write;

        public SampleSource(NativeSampleWriter write) { Write = write; }
    }
}
