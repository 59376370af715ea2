package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/**
 * The cross-modal layers: FLM §3.1, figure 2. Text and picture are brought to one width and told apart by type rows; then each
 * layer reads the text's own stream and the picture. R rows (B or 2B, see {@link TextEncoder}), L text length, P image tokens, W
 * image width, H hidden.
 */
final class Fusion {
    private record Layer(SelfAttention self, CrossAttention image, FeedForward feedForward) {}

    private final LayerParameters textTransform;
    private final LayerParameters imageTransform;
    private final LayerParameters types; // l2r or the only stream, image
    private final LayerParameters flmTypes; // r2l, reconstructor; without them the types again
    private final List<Layer> layers = new ArrayList<>();

    /** @param reconstructed whether a {@link Reconstructor} reads both streams */
    Fusion(ModelSettings settings, Parameters all, boolean reconstructed) {
        long h = settings.hidden();
        textTransform = all.of(Stage.FUSION, "cross_modal_text_transform.").linear("", h, h);
        imageTransform = all.of(Stage.FUSION, "cross_modal_image_transform.").linear("", h, settings.imageWidth());
        types = all.of(Stage.FUSION, "token_type_embeddings.").tensor("weight", 2, h);
        flmTypes = reconstructed
                ? all.of(Stage.FUSION, "token_type_embeddings_flm.").tensor("weight", 2, h)
                : types;
        for (int i = 0; i < settings.topLayers(); i++) {
            String n = "cross_modal_text_layers." + i + ".";
            layers.add(new Layer(
                    new SelfAttention(all, Stage.FUSION, n + "attention.", h, Kernels.FUSION_EPSILON),
                    new CrossAttention(all, Stage.FUSION, n, h),
                    new FeedForward(all, Stage.FUSION, n, settings, Kernels.FUSION_EPSILON)));
        }
    }

    /** Features of the image encoder [B, P, W] -> [B, P, H]. */
    NDArray image(Kernels k, NDArray features) {
        NDArray keys = k.transform(features, imageTransform.get(), type(types), 1);
        return k.observe("image.projected", keys);
    }

    /** The streams' features from below [R, L, H]. */
    NDArray text(Kernels k, NDArray x, int streams) {
        NDArray transformed = streams == 2
                ? k.transformStreams(x, textTransform.get(), type(types), type(flmTypes))
                : k.transform(x, textTransform.get(), type(types), 0);
        return k.observe("top_in", transformed);
    }

    /** The reconstructor's features from below [B, L, H]. */
    NDArray reconstructed(Kernels k, NDArray x) {
        return k.observe("rec.top_in", k.transform(x, textTransform.get(), type(flmTypes), 1));
    }

    /** The parameters that {@link #reconstructed} uses. */
    List<NDArray> usedByReconstructor() {
        List<NDArray> used = new ArrayList<>(textTransform.arrays());
        used.addAll(flmTypes.arrays());
        return used;
    }

    private static NDArray type(LayerParameters table) {
        return table.arrays().get(0);
    }

    /**
     * The output of each layer, [R, L, H].
     *
     * @param image [B or 1, P, H]; its keys and values are made once for both streams
     */
    List<NDArray> encode(Kernels k, NDArray text, NDArray mask, NDArray image, int streams) {
        List<NDArray> outputs = new ArrayList<>();
        NDArray x = text;
        for (Layer layer : layers) {
            x = layer.self().apply(k, x, mask);
            x = streams == 1
                    ? layer.image().apply(k, x, image, List.of())
                    : k.splitStreams(layer.image().apply(k, k.joinStreams(x), image, List.of()));
            x = layer.feedForward().apply(k, x);
            outputs.add(k.observe("top." + outputs.size(), x));
        }
        return outputs;
    }
}
