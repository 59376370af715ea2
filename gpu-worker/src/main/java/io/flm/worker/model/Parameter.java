package io.flm.worker.model;

/**
 * One tensor of the official layout, as a range of the flat buffer.
 *
 * @param name the official name
 * @param offset where it begins, in floats
 * @param shape its dimensions
 * @param stage the stage of backward that completes its gradient
 * @param group says at which rate it learns
 * @param depth how far it lies below the top: {@link LearningRates}
 * @param decay whether weight decay applies
 */
public record Parameter(String name, long offset, long[] shape, int stage, RateGroup group, int depth, boolean decay) {
    /** The number of values. */
    public long size() {
        long size = 1;
        for (long dimension : shape) {
            size *= dimension;
        }
        return size;
    }
}
