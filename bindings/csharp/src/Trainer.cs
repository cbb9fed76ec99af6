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
        private readonly Dataset[] hostData;
        private readonly EventListener listener = new EventListener();
        private readonly CancellationTokenSource disposed = new CancellationTokenSource();
        private int running;
        private bool listening;

        /// <summary>
        /// From a config, which is copied. Data and model are made here: errors of both are told here. Where the config
        /// names an output folder, it is made.
        /// </summary>
        /// <param name="config">What is trained, on what and how.</param>
        /// <param name="model">Trained in place of the config's, if given; by one trainer at a time.</param>
        /// <param name="training">For data { host {} } in the config; without it, steps on batches alone.</param>
        /// <param name="heldOut">For data { host {} } in the config.</param>
        public Trainer(Config config, Model model = null, Dataset training = null, Dataset heldOut = null)
        {
            hostData = new[] { training, heldOut };
            var settings = NotNull(config, nameof(config)).Handle;
            var status = model == null && training == null && heldOut == null
                ? Raw.signsym_trainer_create(settings, out handle, out var error)
                : Raw.signsym_trainer_create_with(settings, model?.Handle ?? ModelHandle.None, HandleOf(training),
                    HandleOf(heldOut),
                    out handle, out error);
            Check(status, error);
        }

        private Trainer(TrainerHandle handle)
        {
            this.handle = handle;
            hostData = new Dataset[0];
        }

        private Trainer(string folder, Config config, Dataset training, Dataset heldOut)
        {
            hostData = new[] { training, heldOut };
            var settings = config?.Handle ?? ConfigHandle.None;
            Natives.Load();
            var status = training == null && heldOut == null
                ? Raw.signsym_trainer_resume(folder, settings, out handle, out var error)
                : Raw.signsym_trainer_resume_with(folder, settings, HandleOf(training), HandleOf(heldOut), out handle,
                    out error);
            Check(status, error);
        }

        private TrainerHandle Handle => handle.Open(nameof(Trainer));

        /// <summary>From a config file, read as <see cref="SignSym.Config.FromFile"/> does.</summary>
        /// <param name="path">The file.</param>
        public static Trainer FromFile(string path)
        {
            Natives.Load();
            Failure.Check(Raw.signsym_trainer_create_from_file(NotNull(path, nameof(path)), out var handle,
                out var error), error);
            return new Trainer(handle);
        }

        /// <summary>
        /// Goes on with a run folder at its newest whole checkpoint; a damaged one is passed over, and a
        /// <see cref="EventKind.Log"/> event says so.
        /// </summary>
        /// <param name="folder">The folder of a run.</param>
        /// <param name="config">The run's own config with other places (paths), where they have changed.</param>
        /// <param name="training">The data of a run on data of the program's, again.</param>
        /// <param name="heldOut">The data of a run on data of the program's, again.</param>
        public static Trainer Resume(string folder, Config config = null, Dataset training = null,
            Dataset heldOut = null) =>
            new Trainer(NotNull(folder, nameof(folder)), config, training, heldOut);

        /// <summary>
        /// Trains to the end of the config, or so many epochs and steps. After a pause, a cancelled run or a failed
        /// handler another call goes on.
        /// </summary>
        /// <param name="onEvent">
        /// Called on this thread with each event. An exception from it stops the run after the step, and is the inner
        /// exception of the one that comes out.
        /// </param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        /// <exception cref="OperationCanceledException">By the token, or the trainer was disposed
        /// meanwhile.</exception>
        /// <exception cref="SignSymException">What went wrong.</exception>
        public void Train(Action<TrainingEvent> onEvent,
            CancellationToken cancellationToken = default(CancellationToken),
            long epochs = 0, long steps = 0) => Run(onEvent, cancellationToken, epochs, steps);

        /// <summary>
        /// Trains to the end of the config, or so many epochs and steps. After a pause, a cancelled run or a failed
        /// handler another call goes on.
        /// </summary>
        /// <param name="progress">
        /// Told each event on this thread. (.NET's Progress sends it on to the thread that made it, where exceptions no
        /// longer stop the run.)
        /// </param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        /// <exception cref="OperationCanceledException">By the token, or the trainer was disposed
        /// meanwhile.</exception>
        /// <exception cref="SignSymException">What went wrong.</exception>
        public void Train(IProgress<TrainingEvent> progress = null,
            CancellationToken cancellationToken = default(CancellationToken),
            long epochs = 0, long steps = 0) => Run(Reporter(progress), cancellationToken, epochs, steps);

        /// <summary>As <see cref="Train(Action{TrainingEvent}, CancellationToken, long, long)"/>, on a thread of its
        /// own.</summary>
        /// <param name="onEvent">Called on that thread.</param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        public Task TrainAsync(Action<TrainingEvent> onEvent,
            CancellationToken cancellationToken = default(CancellationToken),
            long epochs = 0, long steps = 0) => RunAsync(onEvent, cancellationToken, epochs, steps);

        /// <summary>As <see cref="Train(IProgress{TrainingEvent}, CancellationToken, long, long)"/>, on a thread of
        /// its own.</summary>
        /// <param name="progress">Told each event on that thread.</param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        public Task TrainAsync(IProgress<TrainingEvent> progress = null,
            CancellationToken cancellationToken = default(CancellationToken),
            long epochs = 0, long steps = 0) => RunAsync(Reporter(progress), cancellationToken, epochs, steps);

        /// <summary>
        /// The run that goes on returns after its step, without a checkpoint, and the next one goes on. During a run
        /// too, from any thread; does nothing where none runs.
        /// </summary>
        public void Pause() => Raw.signsym_trainer_pause(Handle);

        /// <summary>Thins out events of <see cref="EventKind.Step"/>; the others are always told.</summary>
        /// <param name="stepEventsPerSecond">At most so many; 0: every step.</param>
        public void LimitEvents(double stepEventsPerSecond) =>
            Check(Raw.signsym_trainer_limit_events(Handle, stepEventsPerSecond, out var error), error);

        /// <summary>Evaluates the model on the held-out part.</summary>
        public Evaluation Evaluate()
        {
            Check(Raw.signsym_trainer_evaluate(Handle, out var loss, out var top1, out var top5, out var samples,
                out var error), error);
            return new Evaluation(loss, top1, top5, samples);
        }

        /// <summary>
        /// One step on a batch of the program's, through the training transforms of the config. Steps count on, epochs
        /// do not. Without a data set this needs the constant schedule, or a <see cref="LearningRate"/> that was set.
        /// </summary>
        /// <param name="samples">N ≥ 1 samples, as for <see cref="Dataset.FromMemory"/>.</param>
        /// <param name="labels">(N), of any integer type.</param>
        /// <param name="layout">Of the samples.</param>
        /// <returns>The batch's mean loss before the step.</returns>
        public double Step(Tensor samples, Tensor labels, Layout layout = Layout.Nchw)
        {
            var status = Raw.signsym_trainer_step(Handle, NotNull(samples, nameof(samples)).Handle,
                NotNull(labels, nameof(labels)).Handle,
                (int)layout, out var loss, out var error);
            Check(status, error);
            return loss;
        }

        /// <summary>Are all epochs (or train.max_steps) done? During a run too.</summary>
        public bool IsFinished => Raw.signsym_trainer_is_finished(Handle) != 0;

        /// <summary>
        /// The rate of the next step. Once set it holds for all steps to come, in place of the schedule's; NaN gives it
        /// back to the schedule. During a run too.
        /// </summary>
        public double LearningRate
        {
            get => Raw.signsym_trainer_learning_rate(Handle);
            set => Check(Raw.signsym_trainer_set_learning_rate(Handle, value, out var error), error);
        }

        /// <summary>Where it stands and what it reached last. During a run too: of the last whole step.</summary>
        public Metrics Metrics => new Metrics(WriteMetrics(Raw.SIGNSYM_BINARY));

        /// <summary>The metrics as JSON. During a run too.</summary>
        public string MetricsJson => Utf8.Text(WriteMetrics(Raw.SIGNSYM_JSON));

        /// <summary>The whole state, as a checkpoint file has it.</summary>
        public byte[] Checkpoint()
        {
            Check(Raw.signsym_trainer_checkpoint(Handle, out var bytes, out var error), error);
            return NativeBytes.Take(bytes);
        }

        /// <summary>Writes the whole state to a file, whole or not at all.</summary>
        /// <param name="path">The file.</param>
        public void SaveCheckpoint(string path) =>
            Check(Raw.signsym_trainer_save_checkpoint(Handle, NotNull(path, nameof(path)), out var error), error);

        /// <summary>Takes on the state of a checkpoint of the same config.</summary>
        /// <param name="checkpoint">What <see cref="Checkpoint"/> gave, or the bytes of a checkpoint file.</param>
        /// <param name="source">Names the bytes in errors.</param>
        public void Restore(byte[] checkpoint, string source = "checkpoint")
        {
            NotNull(checkpoint, nameof(checkpoint));
            Check(Raw.signsym_trainer_restore(Handle, checkpoint, (ulong)checkpoint.Length, source, out var error),
                error);
        }

        /// <summary>The model that is trained, as a new object. During a run too.</summary>
        public Model Model
        {
            get
            {
                Check(Raw.signsym_trainer_model(Handle, out var model, out var error), error);
                return new Model(model);
            }
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
        /// Frees the trainer. Legal at any time, from any thread, in a handler too: a run that goes on is cancelled,
        /// and what the trainer held goes when it has returned.
        /// </summary>
        public void Dispose()
        {
            disposed.Cancel();
            handle.Dispose();
        }

        private static DatasetHandle HandleOf(Dataset dataset) => dataset?.Handle ?? DatasetHandle.None;

        private static Action<TrainingEvent> Reporter(IProgress<TrainingEvent> progress) =>
            progress == null ? (Action<TrainingEvent>)null : progress.Report;

        private async Task RunAsync(Action<TrainingEvent> handler, CancellationToken token, long epochs, long steps) =>
            await Task.Factory.StartNew(() => Run(handler, token, epochs, steps), CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).ConfigureAwait(false);

        private void Run(Action<TrainingEvent> handler, CancellationToken token, long epochs, long steps)
        {
            token.ThrowIfCancellationRequested();
            if (Interlocked.Exchange(ref running, 1) != 0)
                throw new SignSymException(Status.Busy,
                    "The trainer trains already, on another thread or in the call that this handler is in.");
            try
            {
                Listen(handler);
                Failure.Check(Raw.signsym_cancel_create(out var cancel, out var error), error);
                using (cancel)
                using (disposed.Token.Register(() => Raw.signsym_cancel_set(cancel)))
                using (token.Register(() => Raw.signsym_cancel_set(cancel)))
                {
                    var status = epochs == 0 && steps == 0
                        ? Raw.signsym_trainer_run(Handle, cancel, out error)
                        : Raw.signsym_trainer_run_for(Handle, epochs, steps, cancel, out error);
                    if (status == Raw.SIGNSYM_CANCELLED)
                    {
                        var cause = Failure.Take(status, error);
                        throw new OperationCanceledException(cause.Message, cause,
                            token.IsCancellationRequested ? token : disposed.Token);
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
            var status = Raw.signsym_trainer_on_event(Handle, Callbacks.OnEvent, Callbacks.UserData(listener),
                Callbacks.Release, out var error);
            Failure.Check(status, error);
            listening = true;
        }

        private byte[] WriteMetrics(int format)
        {
            Check(Raw.signsym_trainer_metrics(Handle, format, out var bytes, out var error), error);
            return NativeBytes.Take(bytes);
        }

        // A callback's exception is the cause of the failure that it made.
        private void Check(int status, ErrorHandle error)
        {
            Exception cause = null;
            if (status == Raw.SIGNSYM_CALLBACK_FAILED)
            {
                cause = listener.Failure.Take();
                foreach (var dataset in hostData) cause = cause ?? dataset?.Failure?.Take();
            }
            Failure.Check(status, error, cause);
        }
    }
}
