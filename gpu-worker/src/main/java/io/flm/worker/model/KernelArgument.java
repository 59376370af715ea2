package io.flm.worker.model;

import java.util.List;

/**
 * One tensor as a kernel takes it: an official one, or some that are packed, such as q, k, v: neighbours in the flat buffer,
 * under one view.
 *
 * @param key its name; the random numbers of its initial values follow from it
 * @param names the official tensors, stacked along the first dimension
 * @param shape of each official tensor
 * @param init how it begins
 * @param stage the stage of backward that completes its gradient
 * @param group says at which rate it learns
 * @param depth how far it lies below the top: {@link LearningRates}
 * @param decay whether weight decay applies
 */
record KernelArgument(
        String key,
        List<String> names,
        long[] shape,
        Init init,
        Stage stage,
        RateGroup group,
        int depth,
        boolean decay) {
    long size() {
        long size = names.size();
        for (long s : shape) {
            size *= s;
        }
        return size;
    }

    /** The shape of the view. */
    long[] packedShape() {
        long[] packed = shape.clone();
        packed[0] *= names.size();
        return packed;
    }
}
