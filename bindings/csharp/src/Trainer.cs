using System;
using System.Threading;
using System.Threading.Tasks;
using static SignSym.Argument;

namespace SignSym
{
    /// <summary>
    /// Trains a model. One call at a time, from any thread; another one meanwhile is answered with
    /// <see cref="Status.Busy"/>, except where it says "during a run too".
    /// </summary>
    public sealed class Trainer : IDisposable
    {
        private readonly TrainerHandle handle;
        private readonly EventListener listener = new EventListener();
        private readonly CancellationTokenSource disposed = new CancellationTokenSource();
        private int running;
        private bool listening;

        /// <summary>
        /// From a config, which is copied. Data and model are made here: errors of both are told here. Where the config
        /// names an output folder, it is made.
        /// </summary>
        /// <param name="config">What is trained, on what and how.</param>
        public Trainer(Config config)
        {
            Check(Raw.signsym_trainer_create(NotNull(config, nameof(config)).Handle, out handle, out var error), error);
        }

        private Trainer(TrainerHandle handle)
        {
            this.handle = handle;
        }

        private Trainer(string folder, Config config)
        {
            Natives.Load();
            Check(Raw.signsym_trainer_resume(folder, config?.Handle ?? ConfigHandle.None, out handle, out var error), error);
        }

        private TrainerHandle Handle => handle.Open(nameof(Trainer));

        /// <summary>From a config file, read as <see cref="SignSym.Config.FromFile"/> does.</summary>
        /// <param name="path">The file.</param>
        public static Trainer FromFile(string path)
        {
            Natives.Load();
            Failure.Check(Raw.signsym_trainer_create_from_file(NotNull(path, nameof(path)), out var handle, out var error), error);
            return new Trainer(handle);
        }

        /// <summary>
        /// Goes on with a run folder at its newest whole checkpoint; a damaged one is passed over, and a
        /// <see cref="EventKind.Log"/> event says so.
        /// </summary>
        /// <param name="folder">The folder of a run.</param>
        /// <param name="config">The run's own config with other places (paths), where they have changed.</param>
        public static Trainer Resume(string folder, Config config = null) =>
            new Trainer(NotNull(folder, nameof(folder)), config);

        /// <summary>
        /// Trains to the end of the config. After a cancelled run or a failed handler
        /// another call goes on.
        /// </summary>
        /// <param name="onEvent">
        /// Called on this thread with each event. An exception from it stops the run after the step, and is the inner
        /// exception of the one that comes out.
        /// </param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <exception cref="OperationCanceledException">By the token, or the trainer was disposed meanwhile.</exception>
        /// <exception cref="SignSymException">What went wrong.</exception>
        public void Train(Action<TrainingEvent> onEvent, CancellationToken cancellationToken = default(CancellationToken)) => Run(onEvent, cancellationToken);

        /// <summary>
        /// Trains to the end of the config. After a cancelled run or a failed handler
        /// another call goes on.
        /// </summary>
        /// <param name="progress">
        /// Told each event on this thread. (.NET's Progress sends it on to the thread that made it, where exceptions no
        /// longer stop the run.)
        /// </param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <exception cref="OperationCanceledException">By the token, or the trainer was disposed meanwhile.</exception>
        /// <exception cref="SignSymException">What went wrong.</exception>
        public void Train(IProgress<TrainingEvent> progress = null, CancellationToken cancellationToken = default(CancellationToken)) => Run(Reporter(progress), cancellationToken);

        /// <summary>As <see cref="Train(Action{TrainingEvent}, CancellationToken)"/>, on a thread of its own.</summary>
        /// <param name="onEvent">Called on that thread.</param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        public Task TrainAsync(Action<TrainingEvent> onEvent, CancellationToken cancellationToken = default(CancellationToken)) => RunAsync(onEvent, cancellationToken);

        /// <summary>As <see cref="Train(IProgress{TrainingEvent}, CancellationToken)"/>, on a thread of its own.</summary>
        /// <param name="progress">Told each event on that thread.</param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        public Task TrainAsync(IProgress<TrainingEvent> progress = null, CancellationToken cancellationToken = default(CancellationToken)) => RunAsync(Reporter(progress), cancellationToken);

        /// <summary>Evaluates the model on the held-out part.</summary>
        public Evaluation Evaluate()
        {
            Check(Raw.signsym_trainer_evaluate(Handle, out var loss, out var top1, out var top5, out var samples, out var error), error);
            return new Evaluation(loss, top1, top5, samples);
        }

        /// <summary>
        /// The config as the run uses it: defaults written out, AUTO decided; a new object. During a run too.
        /// </summary>
        public Config Config
        {
            get
            {
                Check(Raw.signsym_trainer_config(Handle, out var config, out var error), error);
                return new Config(config);
            }
        }

        /// <summary>
        /// Frees the trainer. Legal at any time, from any thread, in a handler too: a run that goes on is cancelled, and
        /// what the trainer held goes when it has returned.
        /// </summary>
        public void Dispose()
        {
            disposed.Cancel();
            handle.Dispose();
        }

        private static Action<TrainingEvent> Reporter(IProgress<TrainingEvent> progress) =>
            progress == null ? (Action<TrainingEvent>)null : progress.Report;

        private async Task RunAsync(Action<TrainingEvent> handler, CancellationToken token) =>
            await Task.Factory.StartNew(() => Run(handler, token), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default).ConfigureAwait(false);

        private void Run(Action<TrainingEvent> handler, CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            if (Interlocked.Exchange(ref running, 1) != 0)
                throw new SignSymException(Status.Busy, "The trainer trains already, on another thread or in the call that this handler is in.");
            try
            {
                Listen(handler);
                Failure.Check(Raw.signsym_cancel_create(out var cancel, out var error), error);
                using (cancel)
                using (disposed.Token.Register(() => Raw.signsym_cancel_set(cancel)))
                using (token.Register(() => Raw.signsym_cancel_set(cancel)))
                {
                    var status = Raw.signsym_trainer_run(Handle, cancel, out error);
                    if (status == Raw.SIGNSYM_CANCELLED)
                    {
                        var cause = Failure.Take(status, error);
                        throw new OperationCanceledException(cause.Message, cause, token.IsCancellationRequested ? token : disposed.Token);
                    }
                    Check(status, error);
                }
            }
            finally
            {
                listener.Handler = null;
                Volatile.Write(ref running, 0);
            }
        }

        private void Listen(Action<TrainingEvent> handler)
        {
            listener.Failure.Take();
            listener.Handler = handler;
            if (handler == null || listening) return;
            var status = Raw.signsym_trainer_on_event(Handle, Callbacks.OnEvent, Callbacks.UserData(listener), Callbacks.Release, out var error);
            Failure.Check(status, error);
            listening = true;
        }

        // A callback's exception is the cause of the failure that it made.
        private void Check(int status, ErrorHandle error)
        {
            Exception cause = null;
            if (status == Raw.SIGNSYM_CALLBACK_FAILED)
            {
                cause = listener.Failure.Take();
            }
            Failure.Check(status, error, cause);
        }
    }
}
