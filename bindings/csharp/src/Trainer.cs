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
        private readonly object modelNames = new object(); // as in Model
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
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>: <see cref="SignSymException.Field"/> says where;
        /// <see cref="Status.NotFound"/>, <see cref="Status.IO"/>, <see cref="Status.BadData"/>,
        /// <see cref="Status.Mismatch"/>, <see cref="Status.Unsupported"/>: of the files that it names;
        /// <see cref="Status.AlreadyExists"/>: the output folder holds a run; <see cref="Status.Busy"/>: another
        /// trainer has the model; <see cref="Status.InvalidArgument"/>: held-out data that do not fit.
        /// </exception>
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
            if (model != null) modelNames = model.Names;
            Weigh(model == null);
        }

        private Trainer(TrainerHandle handle)
        {
            this.handle = handle;
            hostData = new Dataset[0];
            Weigh(true);
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
            Weigh(true);
        }

        private TrainerHandle Handle => handle.Open(nameof(Trainer));

        /// <summary>From a config file, read as <see cref="SignSym.Config.FromFile"/> does.</summary>
        /// <param name="path">The file.</param>
        /// <exception cref="SignSymException">
        /// As <see cref="SignSym.Config.FromFile"/> and the constructor.
        /// </exception>
        public static Trainer FromFile(string path)
        {
            Natives.Load();
            Failure.Check(Raw.signsym_trainer_create_from_file(NotNull(path, nameof(path)), out var handle,
                out var error), error);
            return new Trainer(handle);
        }

        /// <summary>From the text of a config, read as <see cref="SignSym.Config.FromText"/> does.</summary>
        /// <param name="text">The config.</param>
        /// <param name="source">Names it in errors.</param>
        /// <exception cref="SignSymException">
        /// As <see cref="SignSym.Config.FromText"/> and the constructor.
        /// </exception>
        public static Trainer FromText(string text, string source = "config")
        {
            using (var config = Config.FromText(text, source)) return new Trainer(config);
        }

        /// <summary>
        /// Goes on with a run folder at its newest whole checkpoint; a damaged one is passed over, and a
        /// <see cref="EventKind.Log"/> event says so.
        /// </summary>
        /// <param name="folder">The folder of a run.</param>
        /// <param name="config">The run's own config with other places (paths), where they have changed.</param>
        /// <param name="training">The data of a run on data of the program's, again.</param>
        /// <param name="heldOut">The data of a run on data of the program's, again.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: there is no run; <see cref="Status.Busy"/>: another trainer has the folder;
        /// <see cref="Status.BadData"/>: every checkpoint is damaged; <see cref="Status.InvalidConfig"/>: the config
        /// differs in more than places.
        /// </exception>
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
        /// <returns>Where the trainer stands then, and what it reached last.</returns>
        /// <exception cref="OperationCanceledException">
        /// By the token; the trainer was disposed meanwhile; the process ends (after ten seconds, if it has not then).
        /// </exception>
        /// <exception cref="SignSymException">
        /// <see cref="Status.CallbackFailed"/>: the handler or a data callback threw, the inner exception (so is what
        /// a handler throws when the run has failed already; an AggregateException where both threw).
        /// <see cref="Status.Diverged"/>: the loss became NaN or infinite. <see cref="Status.Busy"/>: another call uses
        /// the trainer. <see cref="Status.InvalidArgument"/>: a limit below 0, or no data to train on.
        /// <see cref="Status.IO"/>, <see cref="Status.BadData"/>: of the data's files and the output folder.
        /// </exception>
        public Metrics Train(Action<TrainingEvent> onEvent = null,
            CancellationToken cancellationToken = default(CancellationToken),
            long epochs = 0, long steps = 0)
        {
            using (new HandleUse(Handle)) return Run(onEvent, cancellationToken, epochs, steps, true);
        }

        /// <summary>As <see cref="Train(Action{TrainingEvent}, CancellationToken, long, long)"/>, on a thread of its
        /// own; what that throws is the task's.</summary>
        /// <param name="onEvent">Called on that thread.</param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        /// <returns>Where the trainer stands then, and what it reached last.</returns>
        /// <exception cref="OperationCanceledException">As there: the task is cancelled.</exception>
        /// <exception cref="SignSymException">As there: the task has failed.</exception>
        public async Task<Metrics> TrainAsync(Action<TrainingEvent> onEvent = null,
            CancellationToken cancellationToken = default(CancellationToken),
            long epochs = 0, long steps = 0)
        {
            using (new HandleUse(Handle)) // from now on to dispose the trainer cancels the task
                return await Task.Factory.StartNew(() => Run(onEvent, cancellationToken, epochs, steps, false),
                    CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                    .ConfigureAwait(false);
        }

        /// <summary>
        /// The run that goes on returns after its step, without a checkpoint, and the next one goes on. During a run
        /// too, from any thread; does nothing where none runs.
        /// </summary>
        public void Pause() => Raw.signsym_trainer_pause(Handle);

        /// <summary>Thins out events of <see cref="EventKind.Step"/>; the others are always told.</summary>
        /// <param name="stepEventsPerSecond">At most so many; 0: every step.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: below 0 or not finite; <see cref="Status.Busy"/>.
        /// </exception>
        public void LimitEvents(double stepEventsPerSecond) =>
            Check(Raw.signsym_trainer_limit_events(Handle, stepEventsPerSecond, out var error), error);

        /// <summary>Evaluates the model on the held-out part.</summary>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: there is none; <see cref="Status.Diverged"/>: the loss is not finite;
        /// <see cref="Status.CallbackFailed"/>: a data callback threw; <see cref="Status.Busy"/>.
        /// </exception>
        public Evaluation Evaluate()
        {
            using (new Ownership(this))
            {
                Check(Raw.signsym_trainer_evaluate(Handle, out var loss, out var top1, out var top5, out var samples,
                    out var error), error);
                return new Evaluation(loss, top1, top5, samples);
            }
        }

        /// <summary>
        /// One step on a batch of the program's, through the training transforms of the config. Steps count on, epochs
        /// do not. Without a data set this needs the constant schedule, or a <see cref="LearningRate"/> that was set.
        /// </summary>
        /// <param name="samples">N ≥ 1 samples, as for <see cref="Dataset.FromMemory"/>.</param>
        /// <param name="labels">(N), of any integer type.</param>
        /// <param name="layout">Of the samples.</param>
        /// <returns>The batch's mean loss before the step.</returns>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>, <see cref="Status.Diverged"/>: nothing has changed;
        /// <see cref="Status.Busy"/>.
        /// </exception>
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
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: set to 0, less, or infinity.
        /// </exception>
        public double LearningRate
        {
            get => Raw.signsym_trainer_learning_rate(Handle);
            set => Check(Raw.signsym_trainer_set_learning_rate(Handle, value, out var error), error);
        }

        /// <summary>Where it stands and what it reached last. During a run too: of the last whole step.</summary>
        public Metrics Metrics => new Metrics(WriteMetrics(Handle, Raw.SIGNSYM_BINARY));

        /// <summary>The metrics as JSON. During a run too.</summary>
        public string MetricsJson => Utf8.Text(WriteMetrics(Handle, Raw.SIGNSYM_JSON));

        /// <summary>The whole state, as a checkpoint file has it.</summary>
        /// <exception cref="SignSymException">
        /// <see cref="Status.Unsupported"/>: of more than 2 GB, for which there is <see cref="SaveCheckpoint"/>;
        /// <see cref="Status.Busy"/>.
        /// </exception>
        public byte[] Checkpoint()
        {
            Check(Raw.signsym_trainer_checkpoint(Handle, out var bytes, out var error), error);
            return NativeBytes.Take(bytes);
        }

        /// <summary>Writes the whole state to a file, whole or not at all.</summary>
        /// <param name="path">The file.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.IO"/>; <see cref="Status.NotFound"/>: its folder; <see cref="Status.Busy"/>.
        /// </exception>
        public void SaveCheckpoint(string path) =>
            Check(Raw.signsym_trainer_save_checkpoint(Handle, NotNull(path, nameof(path)), out var error), error);

        /// <summary>Takes on the state of a checkpoint of the same config.</summary>
        /// <param name="checkpoint">What <see cref="Checkpoint"/> gave, or the bytes of a checkpoint file.</param>
        /// <param name="source">Names the bytes in errors.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.BadData"/>, <see cref="Status.Mismatch"/>: of another config;
        /// <see cref="Status.Unsupported"/>: a newer format; <see cref="Status.Busy"/>.
        /// </exception>
        public void Restore(byte[] checkpoint, string source = "checkpoint")
        {
            NotNull(checkpoint, nameof(checkpoint));
            Check(Raw.signsym_trainer_restore(Handle, checkpoint, (ulong)checkpoint.Length, source, out var error),
                error);
        }

        /// <summary>The model that is trained, as a new object. During a run too.</summary>
        public Model GetModel()
        {
            Check(Raw.signsym_trainer_model(Handle, out var model, out var error), error);
            return new Model(model, modelNames);
        }

        /// <summary>
        /// The config as the run uses it: defaults written out, AUTO decided; a new object. During a run too.
        /// </summary>
        public Config GetConfig()
        {
            Check(Raw.signsym_trainer_config(Handle, out var config, out var error), error);
            return new Config(config);
        }

        /// <summary>
        /// Frees the trainer. Legal at any time, from any thread, in a handler too: a run that goes on is cancelled,
        /// and what the trainer held goes when it has returned. Where loader threads are in a data callback, it waits
        /// for that call: dispose outside the locks that the callback takes.
        /// </summary>
        public void Dispose()
        {
            disposed.Cancel();
            handle.Dispose();
        }

        private static DatasetHandle HandleOf(Dataset dataset) => dataset?.Handle ?? DatasetHandle.None;

        // What goes with it: gradients and momentum, and the weights, where no model was given that has them. It is
        // counted besides: nothing tells the size of the data that it opened.
        private void Weigh(bool hasModel)
        {
            Check(Raw.signsym_trainer_model(handle, out var model, out var error), error);
            using (model) handle.Weigh((hasModel ? 3 : 2) * Model.BytesOf(model, modelNames));
            handle.Count();
        }

        // With the handle in use: it may be disposed meanwhile, which cancels.
        private Metrics Run(Action<TrainingEvent> handler, CancellationToken token, long epochs, long steps,
            bool onThreadOfCaller)
        {
            token.ThrowIfCancellationRequested();
            ThrowIfDisposed();
            using (new Ownership(this))
            using (var run = new LiveRun(token, disposed.Token))
            {
                Listen(handler);
                try
                {
                    var status = epochs == 0 && steps == 0
                        ? Raw.signsym_trainer_run(handle, run.Cancel, out var error)
                        : Raw.signsym_trainer_run_for(handle, epochs, steps, run.Cancel, out error);
                    if (onThreadOfCaller) run.StayWhereTheProcessEnds();
                    if (status == Raw.SIGNSYM_CANCELLED)
                    {
                        var cause = Failure.Take(status, error);
                        throw new OperationCanceledException(cause.Message, cause, run.CancelledBy);
                    }
                    Check(status, error, listener.Thrown);
                    ThrowIfDisposed(); // in the handler, after the last step
                    return new Metrics(WriteMetrics(handle, Raw.SIGNSYM_BINARY));
                }
                finally
                {
                    listener.Handler = null;
                    listener.Thrown = null;
                }
            }
        }

        private void ThrowIfDisposed()
        {
            if (disposed.IsCancellationRequested)
                throw new OperationCanceledException("The trainer was disposed.", disposed.Token);
        }

        // The trainer is this call's alone.
        private sealed class Ownership : IDisposable
        {
            private readonly Trainer trainer;

            public Ownership(Trainer trainer)
            {
                this.trainer = trainer;
                if (Interlocked.Exchange(ref trainer.running, 1) != 0)
                    throw new SignSymException(Status.Busy,
                        "The trainer trains or evaluates already, on another thread or in the call that this handler " +
                        "is in.");
            }

            public void Dispose() => Volatile.Write(ref trainer.running, 0);
        }

        private void Listen(Action<TrainingEvent> handler)
        {
            listener.Handler = handler;
            if (handler == null || listening) return;
            var status = Raw.signsym_trainer_on_event(handle, Callbacks.OnEvent, Callbacks.UserData(listener),
                Callbacks.Release, out var error);
            Failure.Check(status, error);
            listening = true;
        }

        private byte[] WriteMetrics(TrainerHandle handle, int format)
        {
            Check(Raw.signsym_trainer_metrics(handle, format, out var bytes, out var error), error);
            return NativeBytes.Take(bytes);
        }

        // What callbacks threw is the cause: that of the data callback which the message names, and the handler's.
        private void Check(int status, ErrorHandle error, Exception fromHandler = null)
        {
            if (status == Raw.SIGNSYM_OK)
            {
                error.Dispose();
                return;
            }
            var failure = Failure.Take(status, error);
            var message = failure.Message;
            Exception fromData = null;
            foreach (var dataset in hostData) fromData = fromData ?? dataset?.Failures?.Take(ref message);
            throw new SignSymException(failure.Status, message, failure.Field, fromData == null || fromHandler == null
                ? fromData ?? fromHandler
                : new AggregateException(fromData, fromHandler));
        }
    }
}
