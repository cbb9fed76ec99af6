package org.signsym;

import com.google.protobuf.InvalidProtocolBufferException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;
import org.signsym.internal.Text;
import org.signsym.v1.Experiment;

/**
 * Trains what a config says.
 *
 * <pre>{@code
 * try (Trainer trainer = Trainer.create(Config.file(Path.of("cifar10.textproto")))) {
 *   trainer.addListener(event -> System.out.println(event));
 *   trainer.train();
 * }
 * }</pre>
 *
 * <p>One thread at a time may use a trainer (BUSY), except where a method says more. After {@link #close()} every method
 * throws IllegalStateException. One that is forgotten goes when the collector finds it, and with it its hold on the run
 * folder and the model (BUSY for others until then): close it where that or memory counts.
 */
public final class Trainer implements AutoCloseable {
  private final Handle handle;
  private final TrainerCalls calls;
  private final Object[] sources; // of the samples, which the native side does not keep
  private final Object modelNames; // as Model has them

  /** Makes one of data of the host's, each 0 for none. */
  private interface Maker {
    long make(long training, long heldOut);
  }

  private Trainer(Object modelNames, Dataset training, Dataset heldOut, Maker maker) {
    this.modelNames = modelNames;
    this.calls = new TrainerCalls(heldOut == null);
    this.sources = new Object[] {sourceOf(training), sourceOf(heldOut)};
    long made = calls.run(true, () -> lend(training, calls.trainingFailure, first -> lend(heldOut,
        calls.heldOutFailure, second -> maker.make(first, second)))); // which asks for labels, to split by them
    this.handle = new Handle("trainer", made, Raw::signsym_trainer_free, true);
    handle.use(token -> Raw.signsym_trainer_on_event(token, calls.callback()));
  }

  private static Object sourceOf(Dataset dataset) {
    return dataset == null ? null : dataset.source();
  }

  private static long lend(Dataset dataset, AtomicReference<Throwable> failure, LongUnaryOperator call) {
    return dataset == null ? call.applyAsLong(0) : dataset.lend(failure, call);
  }

  /**
   * A trainer of a config. Data and model are made here; with output.folder set, the folder too. With data { host {} }
   * it makes {@link #step steps} alone.
   *
   * @param config what to train
   * @return the trainer
   * @throws SignSymException INVALID_CONFIG, NOT_FOUND, IO, BAD_DATA, MISMATCH, UNSUPPORTED, ALREADY_EXISTS
   */
  public static Trainer create(Config config) {
    return create(config, null, null, null);
  }

  /**
   * The same from the generated builders: create(Config.of(experiment)).
   *
   * @param experiment what to train
   * @return the trainer
   * @throws SignSymException as {@link #create(Config)}
   */
  public static Trainer create(Experiment experiment) {
    return create(Config.of(experiment));
  }

  /**
   * The same from a file: create(Config.file(file)).
   *
   * @param file of a config
   * @return the trainer
   * @throws SignSymException as {@link Config#file(Path)} and {@link #create(Config)}
   */
  public static Trainer fromFile(Path file) {
    return create(Config.file(file));
  }

  /**
   * The same for a model of one's own, on the data of the config. The model keeps its network, its learning rules
   * (config.model and config.feedback count for nothing) and its freezes, to which optimizer.freeze adds; it takes the
   * seed and compute.precision of this config. compute.device and compute.memory_format are to be AUTO or the model's. A
   * run folder begins with a checkpoint of the weights as they are, step 0.
   *
   * @param config what to train
   * @param model is trained in place, by one trainer at a time (BUSY)
   * @return the trainer
   * @throws SignSymException INVALID_CONFIG where shapes or classes do not fit, INVALID_ARGUMENT where those of the
   *     held-out part do not, BUSY; as {@link #create(Config)}
   */
  public static Trainer create(Config config, Model model) {
    return create(config, model, null, null);
  }

  /**
   * The same for data of one's own, with data { host {} } in the config.
   *
   * @param config what to train
   * @param training what is learnt from
   * @param heldOut what the model is judged by; null: by nothing, or with data.held_out: VALIDATION by a part of the
   *     training set
   * @return the trainer
   * @throws SignSymException as {@link #create(Config)}; CALLBACK_FAILED with what a source threw as its cause, which
   *     data.held_out: VALIDATION asks here, to split by class
   */
  public static Trainer create(Config config, Dataset training, Dataset heldOut) {
    return create(config, null, training, heldOut);
  }

  /**
   * The same for a model of one's own, as {@link #create(Config, Model)} takes it, and data of one's own; each may be
   * null, for the config's.
   *
   * @param config what to train
   * @param model is trained in place, by one trainer at a time (BUSY)
   * @param training what is learnt from
   * @param heldOut what the model is judged by
   * @return the trainer
   * @throws SignSymException as {@link #create(Config, Model)} and {@link #create(Config, Dataset, Dataset)}
   */
  public static Trainer create(Config config, Model model, Dataset training, Dataset heldOut) {
    Object names = model == null ? new Object() : model.names;
    LongFunction<Trainer> create = trained -> config.call(settings -> new Trainer(names, training, heldOut,
        (first, second) -> Raw.signsym_trainer_create_with(settings, trained, first, second)));
    return model == null ? create.apply(0) : model.handle.with(create);
  }

  /**
   * Goes on with a run at its newest whole checkpoint.
   *
   * @param folder of the run
   * @return the trainer
   * @throws SignSymException NOT_FOUND where no run is, BUSY while another trainer has the folder, BAD_DATA where every
   *     checkpoint is damaged, INVALID_ARGUMENT as {@link Config#file(Path)}
   */
  public static Trainer resume(Path folder) {
    Natives.load();
    String name = FileName.of(folder);
    return new Trainer(new Object(), null, null, (none, nothing) -> Raw.signsym_trainer_resume(name, 0));
  }

  /**
   * The same with other places (paths) in the config.
   *
   * @param folder of the run
   * @param config the run's own, {@link Config#run(Path)}, but for places
   * @return the trainer
   * @throws SignSymException as {@link #resume(Path)}; INVALID_CONFIG for another difference
   */
  public static Trainer resume(Path folder, Config config) {
    return resume(folder, config, null, null);
  }

  /**
   * The same for a run on data of one's own, which are given again.
   *
   * @param folder of the run
   * @param training what is learnt from
   * @param heldOut what the model is judged by, or null
   * @return the trainer
   * @throws SignSymException as {@link #resume(Path)}, MISMATCH
   */
  public static Trainer resume(Path folder, Dataset training, Dataset heldOut) {
    return resume(folder, Config.run(folder), training, heldOut);
  }

  /**
   * The same with other places in the config.
   *
   * @param folder of the run
   * @param config the run's own, {@link Config#run(Path)}, but for places
   * @param training what is learnt from, or null
   * @param heldOut what the model is judged by, or null
   * @return the trainer
   * @throws SignSymException as {@link #resume(Path, Config)}, MISMATCH
   */
  public static Trainer resume(Path folder, Config config, Dataset training, Dataset heldOut) {
    String name = FileName.of(folder);
    return config.call(settings -> new Trainer(new Object(), training, heldOut,
        (first, second) -> Raw.signsym_trainer_resume_with(name, settings, first, second)));
  }

  /**
   * Adds one who is told of the run, after those before. Where nobody is, LOG events go to the System.Logger org.signsym.
   * From any thread, in a listener too.
   *
   * @param listener is called on the thread that trains
   * @return this
   */
  public Trainer addListener(TrainingListener listener) {
    Objects.requireNonNull(listener, "listener");
    handle.use(token -> calls.listeners.add(listener));
    return this;
  }

  /**
   * The listener is told no more; once fewer, if it was added more than once. From any thread, in a listener too.
   *
   * @param listener does nothing where it was not added
   * @return this
   */
  public Trainer removeListener(TrainingListener listener) {
    handle.use(token -> calls.listeners.remove(listener));
    return this;
  }

  /**
   * At most so many STEP events a second; the others are always told.
   *
   * @param stepEventsPerSecond 0: every step
   * @throws SignSymException INVALID_ARGUMENT
   */
  public void limitEvents(double stepEventsPerSecond) {
    handle.use(token -> Raw.signsym_trainer_limit_events(token, stepEventsPerSecond));
  }

  /**
   * Trains to the end of the config, on this thread. Another call after the end only tells START and END. Interrupting
   * the thread does not end it: a {@link CancelToken} does, or the future of {@link #trainAsync()}.
   *
   * @return where it stands then
   * @throws SignSymException CALLBACK_FAILED with what a listener or a data source threw as its cause, DIVERGED, IO
   *     (the last checkpoint stays), INVALID_ARGUMENT without a training set, CANCELLED when the trainer was closed
   *     meanwhile
   */
  public Metrics train() {
    return train(LiveRuns.PROCESS_ENDS);
  }

  /**
   * Trains to the end of the config, or until it is cancelled; another call then goes on.
   *
   * @param cancel token that ends it
   * @return where it stands then
   * @throws SignSymException CANCELLED; else as {@link #train()}
   */
  public Metrics train(CancelToken cancel) {
    return train(cancel, (token, by) -> Raw.signsym_trainer_run(token, by));
  }

  /**
   * Trains for at most so many epochs and steps; the next call goes on. Where a limit ends it, no checkpoint is
   * written but those that the config asks for.
   *
   * @param epochs 0: no limit
   * @param steps 0: no limit
   * @return where it stands then
   * @throws SignSymException as {@link #train()}; INVALID_ARGUMENT for limits below 0
   */
  public Metrics trainFor(long epochs, long steps) {
    return trainFor(epochs, steps, LiveRuns.PROCESS_ENDS);
  }

  /**
   * The same, or until it is cancelled.
   *
   * @param epochs 0: no limit
   * @param steps 0: no limit
   * @param cancel token that ends it
   * @return where it stands then
   * @throws SignSymException as {@link #train(CancelToken)}
   */
  public Metrics trainFor(long epochs, long steps, CancelToken cancel) {
    return train(cancel, (token, by) -> Raw.signsym_trainer_run_for(token, epochs, steps, by));
  }

  /**
   * Lets the run that goes on return after its step, without a checkpoint; the next call goes on. From any thread, in
   * a listener too; does nothing where none runs.
   */
  public void pause() {
    handle.use(Raw::signsym_trainer_pause);
  }

  /**
   * Trains on a thread of its own, a daemon. Cancelling the future asks the run to end after the step that it is in, and
   * returns at once; the future is done, and cancelled, when the run has ended and its checkpoint is written. A run that
   * was at its end already completes as ever. Completing the future in another way ({@code orTimeout},
   * {@code complete}) ends the run too, which then goes on for its step. Stages that depend on the future do not pass
   * their own cancelling on. Closing the trainer ends the run as well, with CANCELLED: {@code join()} the future before
   * the end of the try block that the trainer is of.
   *
   * @return completes when the run has ended, with where it stands then, or with what {@link #train()} throws
   */
  public CompletableFuture<Metrics> trainAsync() {
    return trainAsync(0, 0);
  }

  /**
   * The same for at most so many epochs and steps.
   *
   * @param epochs 0: no limit
   * @param steps 0: no limit
   * @return as {@link #trainAsync()}
   */
  public CompletableFuture<Metrics> trainAsync(long epochs, long steps) {
    return handle.with(open -> TrainingRun.start(token -> {
      try {
        return trainFor(epochs, steps, token);
      } catch (IllegalStateException error) {
        throw handle.isClosed() ? closedMeanwhile() : error;
      }
    }));
  }

  /** Trains by a call with the tokens of trainer and cancelling. */
  private interface Run {
    void accept(long trainer, long cancel);
  }

  private Metrics train(CancelToken cancel, Run run) {
    return run(true, token -> LiveRuns.during(this, cancel, () -> {
      try {
        cancel.handle.use(by -> run.accept(token, by));
        return metrics(token);
      } catch (SignSymException error) {
        throw error.status() == Status.INVALID_HANDLE && handle.isClosed() ? closedMeanwhile() : error;
      }
    }));
  }

  private static SignSymException closedMeanwhile() {
    return new SignSymException(Status.CANCELLED, "the trainer was closed before its run had begun or ended", "");
  }

  private <T> T run(boolean trains, LongFunction<T> call) {
    try {
      return handle.with(token -> calls.run(trains, () -> call.apply(token)));
    } finally {
      Reference.reachabilityFence(sources);
    }
  }

  /**
   * Evaluates the model on the held-out part.
   *
   * @return loss and accuracies
   * @throws SignSymException DIVERGED where the loss is not finite, INVALID_ARGUMENT where nothing is held out,
   *     CALLBACK_FAILED with what a data source threw as its cause
   */
  public Evaluation evaluate() {
    double[] loss = new double[1];
    double[] top1 = new double[1];
    double[] top5 = new double[1];
    long[] samples = new long[1];
    run(false, token -> Raw.signsym_trainer_evaluate(token, loss, top1, top5, samples));
    return new Evaluation(loss[0], top1[0], top5[0], samples[0]);
  }

  /**
   * One step on a batch: online learning. Steps count on, epochs do not. Without a training set the schedule is to be
   * constant, or a learning rate set. No event is told, and nothing is written to the run folder.
   *
   * @param samples (N, …), N ≥ 1, see {@link Tensor}; they go through the training transforms of the config
   * @param labels (N)
   * @param layout of the samples
   * @return the batch's loss before the step
   * @throws SignSymException INVALID_ARGUMENT, DIVERGED (nothing has changed)
   */
  public double step(Tensor samples, Tensor labels, Layout layout) {
    double[] loss = new double[1];
    run(true, token -> samples.lend(first -> labels.lend(
        second -> Raw.signsym_trainer_step(token, first, second, layout.code(), loss))));
    return loss[0];
  }

  /**
   * Whether all epochs (or train.max_steps) are done. From any thread.
   *
   * @return true after the end
   */
  public boolean isFinished() {
    return handle.read(token -> Raw.signsym_trainer_is_finished(token) != 0);
  }

  /**
   * Rate of the next step. From any thread.
   *
   * @return the rate; NaN where the schedule counts epochs and there are no data
   */
  public double learningRate() {
    return handle.read(Raw::signsym_trainer_learning_rate);
  }

  /**
   * Rate of all steps to come, in place of the schedule's. It is saved in checkpoints. From any thread, in a listener
   * too.
   *
   * @param rate above 0; NaN gives it back to the schedule
   * @throws SignSymException INVALID_ARGUMENT
   */
  public void setLearningRate(double rate) {
    handle.use(token -> Raw.signsym_trainer_set_learning_rate(token, rate));
  }

  /**
   * Where it stands, and what it reached last. From any thread, in a listener too: of the last whole step.
   *
   * @return position and last results
   */
  public Metrics metrics() {
    return handle.with(Trainer::metrics);
  }

  /**
   * The metrics as JSON. From any thread, in a listener too.
   *
   * @return of the message Metrics, with its names of fields
   */
  public String metricsJson() {
    return Text.fromNative(handle.with(token -> metrics(token, Raw.SIGNSYM_JSON)));
  }

  private static byte[] metrics(long token, int format) {
    return Handle.bytes(Raw.signsym_trainer_metrics(token, format));
  }

  private static Metrics metrics(long token) {
    try {
      return Metrics.of(org.signsym.v1.Metrics.parseFrom(metrics(token, Raw.SIGNSYM_BINARY)));
    } catch (InvalidProtocolBufferException impossible) {
      throw new IllegalStateException(impossible); // the library wrote it
    }
  }

  /**
   * The whole state, as a checkpoint file has it.
   *
   * @return its bytes
   * @throws SignSymException UNSUPPORTED where an array of Java cannot hold them, from 2 GB: {@link #saveCheckpoint}
   *     writes a file instead
   */
  public byte[] checkpoint() {
    return handle.with(token -> Handle.bytes(Raw.signsym_trainer_checkpoint(token)));
  }

  /**
   * The whole state to a file.
   *
   * @param file is replaced, whole or not at all
   * @throws SignSymException IO, NOT_FOUND (its folder), INVALID_ARGUMENT as {@link Config#file(Path)}
   */
  public void saveCheckpoint(Path file) {
    handle.use(token -> Raw.signsym_trainer_save_checkpoint(token, FileName.of(file)));
  }

  /**
   * Puts a checkpoint's state into this trainer of the same config. In its run folder the next checkpoint replaces
   * those of later steps.
   *
   * @param checkpoint its bytes
   * @throws SignSymException BAD_DATA, MISMATCH, UNSUPPORTED
   */
  public void restore(byte[] checkpoint) {
    restore(checkpoint, null);
  }

  /**
   * The same with a name for the bytes.
   *
   * @param checkpoint its bytes
   * @param source where they are from, as errors are to say
   * @throws SignSymException as {@link #restore(byte[])}
   */
  public void restore(byte[] checkpoint, String source) {
    handle.use(token -> Raw.signsym_trainer_restore(token, checkpoint, source));
  }

  /**
   * The model that is trained. From any thread.
   *
   * @return it is to be closed as well; it may outlive the trainer
   */
  public Model model() {
    return new Model(handle.with(Raw::signsym_trainer_model), modelNames);
  }

  /**
   * The config as the run uses it, every default written out. From any thread, in a listener too.
   *
   * @return the config
   */
  public Config config() {
    return handle.with(token -> Config.take(Raw.signsym_trainer_config(token)));
  }

  /**
   * Ends the trainer: from any thread, in a listener too. A run that goes on is cancelled. Where threads that load
   * are in a data source, it waits for that call: close outside of the locks that the source takes. A second time it
   * does nothing.
   */
  @Override
  public void close() {
    handle.close();
  }
}
