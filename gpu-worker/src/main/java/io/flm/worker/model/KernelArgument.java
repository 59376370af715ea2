package io.flm.worker.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

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
 * @param padding what rows are filled with that the kernel's view has behind the official ones, up to a multiple of {@link #ROWS}, and
 *     that nothing ever changes; null: it has none
 */
record KernelArgument(
        String key,
        List<String> names,
        long[] shape,
        Init init,
        Stage stage,
        RateGroup group,
        int depth,
        boolean decay,
        @Nullable Double padding) {
    /** Products whose results have an odd number of columns take a GPU several times as long. */
    static final int ROWS = 64;

    /** The number of values of the official tensors. */
    long size() {
        long size = names.size();
        for (long s : shape) {
            size *= s;
        }
        return size;
    }

    /** The shape of the view, with its padding. */
    long[] viewShape() {
        long[] shape = packedShape();
        if (padding != null) {
            shape[0] = (shape[0] + ROWS - 1) / ROWS * ROWS;
        }
        return shape;
    }

    /** The number of values of the view, with its padding. */
    long viewSize() {
        return size() / packedShape()[0] * viewShape()[0];
    }

    /** The official tensors as one. */
    long[] packedShape() {
        long[] packed = shape.clone();
        packed[0] *= names.size();
        return packed;
    }
}
