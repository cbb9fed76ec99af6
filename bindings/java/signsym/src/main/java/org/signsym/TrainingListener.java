package org.signsym;

/** Is told of a run, on the thread that trains. */
@FunctionalInterface
public interface TrainingListener {
  /**
   * Something happened. What it throws stops the run after this step, as a cancel token does: the listeners after this
   * one are not told, the checkpoint is written, the events up to END still come, and {@link Trainer#train()} throws
   * with it as the cause. All of the API may be called; what uses the trainer that runs fails with BUSY, except where a
   * method says more.
   *
   * @param event a value, which may be kept
   * @throws Exception to stop the run
   */
  void onEvent(TrainingEvent event) throws Exception;
}
