package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Attention to another sequence, its residual and norm. R rows, L text length, M length of the other, H hidden. */
final class CrossAttention {
    private final LayerParameters parameters;

    /** @param prefix of the layer */
    CrossAttention(Parameters all, Stage stage, String prefix, long h) {
        parameters = all.of(stage, prefix + "crossattention.")
                .linear("self.query.", h, h)
                .packedLinear("self.kv.", List.of("self.key.", "self.value."), h, h)
                .linear("output.dense.", h, h)
                .norm("output.LayerNorm.", h);
    }

    LayerParameters layer() {
        return parameters;
    }

    /**
     * [R, L, H] -> [R, L, H].
     *
     * @param memory [R or 1, M, H]
     * @param mask none or one
     */
    NDArray apply(Kernels k, NDArray x, NDArray memory, List<NDArray> mask) {
        return k.crossAttention(x, memory, parameters.get(), mask, List.of(), Kernels.FUSION_EPSILON);
    }

    /**
     * [R, L, H] -> [R, L, H].
     *
     * @param memory [P, M, H]: each sequence's keys and values are made once, whatever number of rows reads it
     * @param rows none: row r reads sequence r, or all rows the only one; one: which sequence each row reads [R]
     */
    NDArray applyShared(Kernels k, NDArray x, NDArray memory, List<NDArray> rows) {
        return k.crossAttention(x, memory, parameters.get(), List.of(), rows, Kernels.FUSION_EPSILON);
    }

    /** The keys and values of another sequence [G, M, H], for any number of columns. */
    NDArray cache(Kernels k, NDArray memory) {
        return k.pictureCache(memory, parameters.get());
    }

    /** One column [R, H] -> [R, H]; R / G neighbouring rows see each of the G sequences. */
    NDArray column(Kernels k, NDArray x, NDArray cache) {
        return k.columnCrossAttention(x, parameters.get(), cache, Kernels.FUSION_EPSILON);
    }
}
