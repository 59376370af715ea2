package io.flm.worker.model;

import ai.djl.ndarray.NDArray;

/** Two linear layers with a GELU between, their residual and norm. */
final class FeedForward {
    private final LayerParameters parameters;
    private final double epsilon;

    /** @param prefix of the layer */
    FeedForward(Parameters all, Stage stage, String prefix, ModelSettings settings, double epsilon) {
        this.epsilon = epsilon;
        long h = settings.hidden();
        long wide = settings.mlpRatio() * h;
        parameters = all.of(stage, prefix)
                .linear("intermediate.dense.", wide, h)
                .linear("output.dense.", h, wide)
                .norm("output.LayerNorm.", h);
    }

    LayerParameters layer() {
        return parameters;
    }

    NDArray apply(Kernels k, NDArray x) {
        return k.feedForward(x, parameters.get(), epsilon);
    }
}
