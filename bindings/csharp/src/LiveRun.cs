using System;
using System.Collections.Generic;
using System.Threading;

namespace SignSym
{
    // A run that goes on, and what may cancel it: its caller's token, its trainer's disposal, the end of the process.
    // Native code must not run on while a process ends around it: the end waits until the runs have returned.
    internal sealed class LiveRun : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
        private static readonly CancellationTokenSource ProcessEnds = new CancellationTokenSource();
        private static readonly HashSet<LiveRun> Runs = new HashSet<LiveRun>();

        private readonly CancellationToken[] tokens;
        private readonly List<CancellationTokenRegistration> registrations = new List<CancellationTokenRegistration>();
        private readonly Thread thread = Thread.CurrentThread;
        private readonly bool late = ProcessEnds.IsCancellationRequested;

        static LiveRun() { AppDomain.CurrentDomain.ProcessExit += (sender, e) => EndAll(); }

        public LiveRun(CancellationToken callers, CancellationToken disposed)
        {
            Failure.Check(Raw.signsym_cancel_create(out var cancel, out var error), error);
            Cancel = cancel;
            tokens = new[] { callers, disposed, ProcessEnds.Token };
            lock (Runs) Runs.Add(this);
            foreach (var token in tokens)
                registrations.Add(token.Register(() => Raw.signsym_cancel_set(cancel)));
        }

        public CancelHandle Cancel { get; }

        // The first of the tokens that is cancelled.
        public CancellationToken CancelledBy =>
            Array.Find(tokens, token => token.IsCancellationRequested);

        public void Dispose()
        {
            foreach (var registration in registrations) registration.Dispose();
            Cancel.Dispose();
            Remove();
        }

        private void Remove()
        {
            lock (Runs)
            {
                Runs.Remove(this);
                Monitor.PulseAll(Runs);
            }
        }

        // When the run is over, before it throws. The process that ends has ended meanwhile, and not by the exception of
        // a cancelled run, which nobody may expect; unless somebody waits for this thread.
        public void StayWhereTheProcessEnds()
        {
            if (late || !ProcessEnds.IsCancellationRequested) return;
            Remove();
            WaitHandle.WaitAny(new[] { tokens[0].WaitHandle, tokens[1].WaitHandle }, Patience);
        }

        // A run in whose handler the process is ended cannot return before.
        private static void EndAll()
        {
            ProcessEnds.Cancel();
            var end = DateTime.UtcNow + Patience;
            lock (Runs)
            {
                Runs.RemoveWhere(run => run.thread == Thread.CurrentThread);
                for (var left = Patience; Runs.Count > 0 && left > TimeSpan.Zero; left = end - DateTime.UtcNow)
                    Monitor.Wait(Runs, left);
            }
        }
    }
}
