package org.signsym;

/**
 * Where a trainer stands, and what it reached last. What is not known yet is 0 or NaN.
 *
 * @param finished all epochs (or train.max_steps) are done
 * @param epoch whole epochs done
 * @param step steps done
 * @param stepInEpoch steps done in the epoch that goes on
 * @param stepsPerEpoch steps of an epoch
 * @param learningRate of the next step
 * @param stepLoss mean loss of the last step's batch, before the step
 * @param trainLoss mean loss of the training in the epoch that goes on, or in the last one
 * @param trainTop1 accuracy of the same, percent
 * @param loss mean loss of the last evaluation of the held-out part
 * @param top1 accuracy of the same, percent
 * @param top5 accuracy of the same, percent; NaN below six classes
 * @param samples of the same: how many
 * @param bestTop1 best held-out accuracy so far, percent
 * @param bestStep after how many steps that was
 * @param samplesPerSecond training samples a second, lately
 */
public record Metrics(boolean finished, long epoch, long step, long stepInEpoch, long stepsPerEpoch, double learningRate,
    double stepLoss, double trainLoss, double trainTop1, double loss, double top1, double top5, long samples,
    double bestTop1, long bestStep, double samplesPerSecond) {
  static Metrics of(org.signsym.v1.Metrics m) {
    return new Metrics(m.getFinished(), m.getEpoch(), m.getStep(), m.getStepInEpoch(), m.getStepsPerEpoch(),
        known(m.hasLearningRate(), m.getLearningRate()), known(m.hasStepLoss(), m.getStepLoss()),
        known(m.hasTrainLoss(), m.getTrainLoss()), known(m.hasTrainTop1(), m.getTrainTop1()),
        known(m.hasLoss(), m.getLoss()), known(m.hasTop1(), m.getTop1()), known(m.hasTop5(), m.getTop5()),
        m.getSamples(), known(m.hasBestTop1(), m.getBestTop1()), m.getBestStep(),
        known(m.hasSamplesPerSecond(), m.getSamplesPerSecond()));
  }

  private static double known(boolean set, double value) {
    return set ? value : Double.NaN;
  }
}
