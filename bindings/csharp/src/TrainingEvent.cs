using System;

namespace SignSym
{
    /// <summary>What a <see cref="TrainingEvent"/> tells of.</summary>
    public enum EventKind
    {
        /// <summary>The run begins or goes on: model, layers, data and machine are known.</summary>
        Start = Raw.SIGNSYM_EVENT_START,
        /// <summary>A step is done.</summary>
        Step = Raw.SIGNSYM_EVENT_STEP,
        /// <summary>The held-out part was evaluated; before the first step angles alone.</summary>
        Evaluation = Raw.SIGNSYM_EVENT_EVALUATION,
        /// <summary>An epoch and its evaluation are done.</summary>
        Epoch = Raw.SIGNSYM_EVENT_EPOCH,
        /// <summary>A checkpoint is on the disk.</summary>
        Checkpoint = Raw.SIGNSYM_EVENT_CHECKPOINT,
        /// <summary>Something a person should know: <see cref="TrainingEvent.Text"/>.</summary>
        Log = Raw.SIGNSYM_EVENT_LOG,
        /// <summary>The run is over.</summary>
        End = Raw.SIGNSYM_EVENT_END
    }

    /// <summary>
    /// Something that happened in a run. It is a copy, and may be kept. What an event does not carry is 0, NaN or "".
    /// </summary>
    public sealed class TrainingEvent
    {
        // From one that lives only for the time of the call.
        internal TrainingEvent(IntPtr native)
        {
            Kind = (EventKind)Raw.signsym_event_type(native);
            Epoch = Raw.signsym_event_epoch(native);
            Epochs = Raw.signsym_event_epochs(native);
            Step = Raw.signsym_event_step(native);
            StepInEpoch = Raw.signsym_event_step_in_epoch(native);
            StepsPerEpoch = Raw.signsym_event_steps_per_epoch(native);
            Loss = Raw.signsym_event_loss(native);
            Top1 = Raw.signsym_event_top1(native);
            Top5 = Raw.signsym_event_top5(native);
            TrainTop1 = Raw.signsym_event_train_top1(native);
            LearningRate = Raw.signsym_event_learning_rate(native);
            SamplesPerSecond = Raw.signsym_event_samples_per_second(native);
            Seconds = Raw.signsym_event_seconds(native);
            Text = Raw.signsym_event_text(native);
            Json = Raw.signsym_event_json(native);
        }

        /// <summary>What it tells of.</summary>
        public EventKind Kind { get; }

        /// <summary>The epoch, 1 the first.</summary>
        public long Epoch { get; }

        /// <summary>Epochs of the whole run.</summary>
        public long Epochs { get; }

        /// <summary>Steps done since the beginning of the run (of the resumed one too).</summary>
        public long Step { get; }

        /// <summary>Steps done in this epoch.</summary>
        public long StepInEpoch { get; }

        /// <summary>Steps of an epoch.</summary>
        public long StepsPerEpoch { get; }

        /// <summary>
        /// Step: of this batch. Epoch: mean of the epoch's training. Evaluation: of the held-out part.
        /// </summary>
        public double Loss { get; }

        /// <summary>
        /// Percent. Step: running, of this epoch's training. Epoch, evaluation: of the held-out part; NaN if it was
        /// not evaluated.
        /// </summary>
        public double Top1 { get; }

        /// <summary>As <see cref="Top1"/>, for the right class among the first five; NaN below six classes.</summary>
        public double Top5 { get; }

        /// <summary>Epoch: of the epoch's training, percent.</summary>
        public double TrainTop1 { get; }

        /// <summary>The learning rate of the step.</summary>
        public double LearningRate { get; }

        /// <summary>Training samples a second, lately.</summary>
        public double SamplesPerSecond { get; }

        /// <summary>Since the run began, the time of earlier parts of a resumed run included.</summary>
        public double Seconds { get; }

        /// <summary>
        /// Checkpoint: its file. Log: the message. End: "finished", "paused", "cancelled", "diverged" or
        /// "failed".
        /// </summary>
        public string Text { get; }

        /// <summary>The whole event as one line of JSON; docs/run-folder.md describes it.</summary>
        public string Json { get; }

        /// <summary>The line of JSON.</summary>
        public override string ToString() => Json;
    }
}
