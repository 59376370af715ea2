package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Self-attention, its residual and norm. R rows, L text length, H hidden. */
final class SelfAttention {
    private final LayerParameters parameters;
    private final double epsilon;

    /** @param prefix up to and with {@code attention.} */
    SelfAttention(Parameters all, Stage stage, String prefix, long h, double epsilon) {
        this.epsilon = epsilon;
        parameters = all.of(stage, prefix)
                .packedLinear("self.qkv.", List.of("self.query.", "self.key.", "self.value."), h, h)
                .linear("output.dense.", h, h)
                .norm("output.LayerNorm.", h);
    }

    LayerParameters layer() {
        return parameters;
    }

    /** [R, L, H] -> [R, L, H]. */
    NDArray apply(Kernels k, NDArray x, NDArray mask) {
        return k.selfAttention(x, parameters.get(), mask, epsilon);
    }

    /** Room for the keys and values of {@code slots} columns of R rows. */
    NDArray cache(Kernels k, int rows, int slots) {
        return k.emptyCache(parameters.arrays().get(0), rows, slots);
    }

    /** One column [R, H] -> [R, H]: its keys and values go into the slot, and it sees the slots up to that one. */
    NDArray column(Kernels k, NDArray x, NDArray cache, int slot) {
        return k.columnSelfAttention(x, parameters.get(), cache, slot, epsilon);
    }
}
