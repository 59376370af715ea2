package io.flm.worker.optimize;

import io.flm.worker.model.Parameter;

/**
 * The settings of {@link AdamW}: FLM §4.1 for the defaults.
 *
 * @param decay weight decay of the parameters that have it
 * @param clipNorm largest norm of the whole gradient; 0: no clipping
 * @param fastFactor rate of cross-modal and reconstructor parameters over the base rate; 5 in the official code
 * @param headFactor rate of head parameters over the base rate; 5 in official pretraining, up to 50 in fine-tuning
 * @param layerDecay factor of the rate for each layer further below the heads; 1 in the official code
 */
public record OptimizerSettings(
        double beta1,
        double beta2,
        double epsilon,
        double decay,
        double clipNorm,
        double fastFactor,
        double headFactor,
        double layerDecay) {
    /** What the learning rate of a parameter is multiplied by. */
    public double factor(Parameter parameter) {
        double group = switch (parameter.group()) {
            case BASE -> 1;
            case FAST -> fastFactor;
            case HEAD -> headFactor;
        };
        return group * StrictMath.pow(layerDecay, parameter.depth());
    }
}
