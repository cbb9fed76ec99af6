package org.signsym;

/**
 * How well a model does on the held-out part.
 *
 * @param loss mean over the samples, of the kind that the config names (loss)
 * @param top1 accuracy in percent
 * @param top5 accuracy in percent; NaN below six classes
 * @param samples how many were looked at
 */
public record Evaluation(double loss, double top1, double top5, long samples) {}
