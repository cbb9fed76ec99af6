package org.signsym;

import org.signsym.internal.Raw;

/** Something that happened in a run. What an event does not carry is 0, NaN or "". Percent, seconds. */
public final class TrainingEvent {
  /** What happened. */
  public enum Kind {
    /** The run begins or goes on. */
    START,
    /** After each step. */
    STEP,
    /** After each evaluation of the held-out part. With train.measure_alignment the first is of the initial weights:
     *  epoch 0, angles alone, its accuracies NaN. */
    EVALUATION,
    /** After each epoch and its evaluation. */
    EPOCH,
    /** A checkpoint is on the disk. */
    CHECKPOINT,
    /** Something a person should know: {@link TrainingEvent#text()}. */
    LOG,
    /** The run is over. */
    END
  }

  private static final Kind[] KINDS = Kind.values();

  private final Kind kind;
  private final long epoch, epochs, step, stepInEpoch, stepsPerEpoch;
  private final double loss, top1, top5, trainTop1, learningRate, samplesPerSecond, seconds;
  private final String text;
  // Under the event's lock: the token does not end while another thread asks for the JSON.
  private long token; // 0 after the listener's call
  private String json;

  TrainingEvent(long event) {
    token = event;
    kind = KINDS[Raw.signsym_event_type(event) - 1];
    epoch = Raw.signsym_event_epoch(event);
    epochs = Raw.signsym_event_epochs(event);
    step = Raw.signsym_event_step(event);
    stepInEpoch = Raw.signsym_event_step_in_epoch(event);
    stepsPerEpoch = Raw.signsym_event_steps_per_epoch(event);
    loss = Raw.signsym_event_loss(event);
    top1 = Raw.signsym_event_top1(event);
    top5 = Raw.signsym_event_top5(event);
    trainTop1 = Raw.signsym_event_train_top1(event);
    learningRate = Raw.signsym_event_learning_rate(event);
    samplesPerSecond = Raw.signsym_event_samples_per_second(event);
    seconds = Raw.signsym_event_seconds(event);
    text = kind == Kind.STEP ? "" : Raw.signsym_event_text(event);
  }

  synchronized void callIsOver() {
    token = 0;
  }

  /**
   * What happened.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * Epoch, 1 the first; 0 of what comes before it.
   *
   * @return of {@link #epochs()}
   */
  public long epoch() {
    return epoch;
  }

  /**
   * Epochs of the whole run.
   *
   * @return their number
   */
  public long epochs() {
    return epochs;
  }

  /**
   * Steps done since the beginning of the run, of a resumed one too.
   *
   * @return their number
   */
  public long step() {
    return step;
  }

  /**
   * Steps done in this epoch.
   *
   * @return of {@link #stepsPerEpoch()}
   */
  public long stepInEpoch() {
    return stepInEpoch;
  }

  /**
   * Steps of an epoch.
   *
   * @return their number
   */
  public long stepsPerEpoch() {
    return stepsPerEpoch;
  }

  /**
   * Loss. STEP: this batch's; EPOCH: mean of the epoch's training; EVALUATION: of the held-out part.
   *
   * @return mean over the samples, of the kind that the config names (loss)
   */
  public double loss() {
    return loss;
  }

  /**
   * Top-1 accuracy. STEP: running, of this epoch's training; EPOCH, EVALUATION: of the held-out part.
   *
   * @return percent; NaN if not evaluated
   */
  public double top1() {
    return top1;
  }

  /**
   * Top-5 accuracy, of what {@link #top1()} is of.
   *
   * @return percent; NaN below six classes
   */
  public double top5() {
    return top5;
  }

  /**
   * EPOCH: top-1 accuracy of the epoch's training.
   *
   * @return percent
   */
  public double trainTop1() {
    return trainTop1;
  }

  /**
   * Learning rate of the step.
   *
   * @return the rate
   */
  public double learningRate() {
    return learningRate;
  }

  /**
   * Training samples a second, lately.
   *
   * @return the speed
   */
  public double samplesPerSecond() {
    return samplesPerSecond;
  }

  /**
   * Time since the run began; that of an earlier part of a resumed run is in it.
   *
   * @return seconds
   */
  public double seconds() {
    return seconds;
  }

  /**
   * CHECKPOINT: its file. LOG: the message. END: finished, paused, cancelled, diverged or failed.
   *
   * @return the text
   */
  public String text() {
    return text;
  }

  /**
   * The whole event as one line of JSON; docs/run-folder.md describes it. It is to be asked for in the
   * listener, and is known from then on.
   *
   * @return the JSON
   * @throws IllegalStateException after the listener's call, unless it was asked for in it
   */
  public synchronized String json() {
    if (json == null) {
      if (token == 0) throw new IllegalStateException("json() is to be called in onEvent(); afterwards it is known");
      json = Raw.signsym_event_json(token);
    }
    return json;
  }

  /** Kind, position, loss. */
  @Override
  public String toString() {
    return kind + " epoch " + epoch + "/" + epochs + " step " + step + " loss " + loss + " " + text;
  }
}
