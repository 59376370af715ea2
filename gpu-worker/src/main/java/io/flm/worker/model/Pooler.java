package io.flm.worker.model;

import ai.djl.ndarray.NDArray;

/** Class vectors: what the first position knows of a text and its picture, FLM §3.4. [B, L, H] -> [B, H]. */
final class Pooler {
    private final LayerParameters parameters;

    /** @param reconstructed whether it reads the reconstructor, and not the one stream */
    Pooler(ModelSettings settings, Parameters all, boolean reconstructed) {
        long h = settings.hidden();
        parameters = all.of(Stage.PREDICT, reconstructed ? "cross_modal_text_pooler_f." : "cross_modal_text_pooler.")
                .linear("dense.", h, h);
    }

    NDArray pool(Kernels k, NDArray features) {
        return k.observe("cls", k.pool(features, parameters.get()));
    }
}
