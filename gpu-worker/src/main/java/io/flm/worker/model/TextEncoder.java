package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/**
 * The text embedding and the text layers below the fusion: FLM §3.1, figure 2. One set of weights runs one stream, or both
 * streams at once, interleaved: row 2b is the l2r stream of sample b, row 2b + 1 its r2l stream. R rows (B or 2B), L text
 * length, H hidden.
 */
final class TextEncoder {
    private record Layer(SelfAttention self, FeedForward feedForward) {}

    private final LayerParameters embedding;
    private final List<Layer> layers = new ArrayList<>();

    TextEncoder(ModelSettings settings, Parameters all) {
        long h = settings.hidden();
        embedding = all.of(Stage.TEXT, "text_transformer.embeddings.")
                .tensor("word_embeddings.weight", settings.vocabulary(), h)
                .tensor("position_embeddings.weight", settings.maxPositions(), h)
                .tensor("token_type_embeddings.weight", 1, h)
                .norm("LayerNorm.", h);
        for (int i = 0; i < settings.bottomLayers(); i++) {
            String n = "text_transformer.encoder.layer." + i + ".";
            layers.add(new Layer(
                    new SelfAttention(all, Stage.TEXT, n + "attention.", h, settings.textNormEpsilon()),
                    new FeedForward(all, Stage.TEXT, n, settings, settings.textNormEpsilon())));
        }
    }

    /** All its layers, in the order in which they read. */
    List<LayerParameters> layerParameters() {
        List<LayerParameters> all = new ArrayList<>();
        all.add(embedding);
        for (Layer layer : layers) {
            all.add(layer.self().layer());
            all.add(layer.feedForward().layer());
        }
        return all;
    }

    /**
     * [B, L] -> [copies * B, L, H].
     *
     * @param copies rows for each text, one after another
     */
    NDArray embed(Kernels k, NDArray ids, int copies) {
        return k.textEmbedding(ids, embedding.get(), copies);
    }

    /** The output of each layer, [R, L, H]. */
    List<NDArray> encode(Kernels k, NDArray embedded, NDArray mask) {
        List<NDArray> outputs = new ArrayList<>();
        NDArray x = embedded;
        for (Layer layer : layers) {
            x = layer.self().apply(k, x, mask);
            x = layer.feedForward().apply(k, x);
            outputs.add(k.observe("bottom." + outputs.size(), x));
        }
        return outputs;
    }

    /** For each layer room for the keys and values of {@code slots} columns. */
    List<NDArray> caches(Kernels k, int rows, int slots) {
        return layers.stream().map(layer -> layer.self().cache(k, rows, slots)).toList();
    }

    /**
     * The l2r stream's next column.
     *
     * @param columns ids and positions [2, R]
     * @return [R, H]
     */
    NDArray column(Kernels k, NDArray columns, List<NDArray> caches, int slot) {
        NDArray x = k.columnEmbedding(columns, embedding.get());
        for (int i = 0; i < layers.size(); i++) {
            x = layers.get(i).self().column(k, x, caches.get(i), slot);
            x = layers.get(i).feedForward().apply(k, x);
        }
        return x;
    }
}
