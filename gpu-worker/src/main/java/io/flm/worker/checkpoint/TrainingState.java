package io.flm.worker.checkpoint;

import io.flm.data.BrokenShards;
import java.util.List;

/**
 * Everything that changes while a model trains. With the settings of the {@link RunIdentity} it determines all that follows,
 * bit for bit: the samples of a step and the random numbers are functions of the step.
 *
 * @param step number of committed steps, so also the next step
 * @param samples number of samples that these steps took
 * @param broken the shards that are left out, which is no function of the step
 * @param layout names of the ranges of the three flat buffers, in ascending order
 * @param values the parameters
 * @param firstMoments of Adam, laid out as the parameters
 * @param secondMoments of Adam, laid out as the parameters
 */
public record TrainingState(
        long step,
        long samples,
        BrokenShards broken,
        List<TensorRange> layout,
        FlatFloats values,
        FlatFloats firstMoments,
        FlatFloats secondMoments) {
    /** With no shard left out. */
    public TrainingState(
            long step,
            long samples,
            List<TensorRange> layout,
            FlatFloats values,
            FlatFloats firstMoments,
            FlatFloats secondMoments) {
        this(step, samples, BrokenShards.NONE, layout, values, firstMoments, secondMoments);
    }
}
