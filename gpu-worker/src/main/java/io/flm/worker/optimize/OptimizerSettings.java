package io.flm.worker.optimize;

import io.flm.worker.model.RateGroup;

/**
 * The settings of {@link AdamW}: FLM §4.1 for the defaults.
 *
 * @param decay weight decay of the parameters that have it
 * @param clipNorm largest norm of the whole gradient; 0: no clipping
 * @param fastFactor rate of cross-modal, fusion and head parameters over the base rate; 5 in the official code
 */
public record OptimizerSettings(
        double beta1, double beta2, double epsilon, double decay, double clipNorm, double fastFactor) {
    /** What the learning rate of a group's parameters is multiplied by. */
    public double factor(RateGroup group) {
        return switch (group) {
            case BASE -> 1;
            case FAST -> fastFactor;
        };
    }
}
