package io.flm.worker.model;

/**
 * One tensor of the official layout, as a range of the flat buffer.
 *
 * @param name the official name
 * @param offset where it begins, in floats
 * @param shape its dimensions
 * @param stage the stage of backward that completes its gradient
 * @param lrFactor multiplies the learning rate
 * @param decay whether weight decay applies
 */
public record Parameter(String name, long offset, long[] shape, int stage, double lrFactor, boolean decay) {
    /** The number of values. */
    public long size() {
        long size = 1;
        for (long dimension : shape) {
            size *= dimension;
        }
        return size;
    }
}
