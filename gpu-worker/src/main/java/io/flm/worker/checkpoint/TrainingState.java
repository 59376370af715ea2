package io.flm.worker.checkpoint;

import java.util.List;

/**
 * Everything that changes while a model trains. With the settings of the {@link RunIdentity} it determines all that follows,
 * bit for bit: the samples of a step and the random numbers are functions of the step.
 *
 * @param step number of committed steps, so also the next step
 * @param samples number of samples that these steps took
 * @param layout names of the ranges of the three flat buffers, in ascending order
 * @param values the parameters
 * @param firstMoments of Adam, laid out as the parameters
 * @param secondMoments of Adam, laid out as the parameters
 */
public record TrainingState(
        long step,
        long samples,
        List<TensorRange> layout,
        FlatFloats values,
        FlatFloats firstMoments,
        FlatFloats secondMoments) {}
