using System;
using System.Threading;
using System.Threading.Tasks;
using static SignSym.Argument;

namespace SignSym
{
    /// <summary>Training that is told to an <see cref="IProgress{T}"/>.</summary>
    public static class TrainerExtensions
    {
        /// <summary>
        /// As <see cref="Trainer.Train(Action{TrainingEvent}, CancellationToken, long, long)"/>.
        /// </summary>
        /// <param name="trainer">Trains.</param>
        /// <param name="progress">
        /// Told each event on this thread. (.NET's Progress sends it on: to the thread that made it where that has a
        /// window, else to the thread pool, out of order; exceptions there no longer stop the run.)
        /// </param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        /// <returns>Where the trainer stands then, and what it reached last.</returns>
        /// <exception cref="OperationCanceledException">As there.</exception>
        /// <exception cref="SignSymException">As there.</exception>
        public static Metrics Train(this Trainer trainer, IProgress<TrainingEvent> progress,
            CancellationToken cancellationToken = default(CancellationToken), long epochs = 0, long steps = 0) =>
            NotNull(trainer, nameof(trainer)).Train(Reporter(progress), cancellationToken, epochs, steps);

        /// <summary>As <see cref="Train"/>, on a thread of its own; what that throws is the task's.</summary>
        /// <param name="trainer">Trains.</param>
        /// <param name="progress">Told each event on that thread.</param>
        /// <param name="cancellationToken">Ends the run after its step; the checkpoint is written.</param>
        /// <param name="epochs">At most so many; 0: no limit.</param>
        /// <param name="steps">At most so many; 0: no limit.</param>
        /// <returns>Where the trainer stands then, and what it reached last.</returns>
        /// <exception cref="OperationCanceledException">As there: the task is cancelled.</exception>
        /// <exception cref="SignSymException">As there: the task has failed.</exception>
        public static Task<Metrics> TrainAsync(this Trainer trainer, IProgress<TrainingEvent> progress,
            CancellationToken cancellationToken = default(CancellationToken), long epochs = 0, long steps = 0) =>
            NotNull(trainer, nameof(trainer)).TrainAsync(Reporter(progress), cancellationToken, epochs, steps);

        private static Action<TrainingEvent> Reporter(IProgress<TrainingEvent> progress) =>
            progress == null ? (Action<TrainingEvent>)null : progress.Report;
    }
}
