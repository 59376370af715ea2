package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cross-modal layers: FLM §3.1, figure 2. Text and picture are brought to one width and told apart by type rows; then each
 * layer reads the text's own stream and the picture. R rows (B or 2B, see {@link TextEncoder}), L text length, P image tokens, W
 * image width, H hidden.
 */
final class Fusion {
    private record Layer(SelfAttention self, CrossAttention image, FeedForward feedForward) {}

    private final LayerParameters textTransform;
    private final LayerParameters imageTransform;
    private final LayerParameters types; // l2r or the only stream, image, the second image of a pair
    private final LayerParameters flmTypes; // r2l, reconstructor; without them the types again
    private final List<Layer> layers = new ArrayList<>();

    Fusion(ModelSettings settings, Parameters all, ModelParts parts) {
        long h = settings.hidden();
        textTransform = all.of(Stage.FUSION, "cross_modal_text_transform.").linear("", h, h);
        imageTransform = all.of(Stage.FUSION, "cross_modal_image_transform.").linear("", h, settings.imageWidth());
        types = all.of(Stage.FUSION, "token_type_embeddings.").tensor("weight", parts.pairs() ? 3 : 2, h);
        flmTypes = parts.reconstructor()
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

    /** The layers that the l2r stream, or the only one, goes through, in the order in which they read. */
    List<LayerParameters> layerParameters() {
        List<LayerParameters> all = new ArrayList<>(List.of(textTransform, imageTransform, types));
        for (Layer layer : layers) {
            all.add(layer.self().layer());
            all.add(layer.image().layer());
            all.add(layer.feedForward().layer());
        }
        return all;
    }

    /**
     * Features of the image encoder [B, P, W] -> [B, P, H].
     *
     * @param rows the type row of each picture; null: 1 of all
     */
    NDArray image(Kernels k, NDArray features, @Nullable NDArray rows) {
        NDArray keys = rows == null
                ? k.transform(features, imageTransform.get(), type(types), 1)
                : k.transformPictures(features, imageTransform.get(), type(types), rows);
        return k.observe("image.projected", keys);
    }

    /**
     * The streams' features from below [R, L, H], brought to the fusion's width and type, and read by the first layer's
     * self-attention: as far as no picture is needed.
     */
    NDArray text(Kernels k, NDArray x, NDArray mask, int streams) {
        NDArray transformed = streams == 2
                ? k.transformStreams(x, textTransform.get(), type(types), type(flmTypes))
                : k.transform(x, textTransform.get(), type(types), 0);
        return layers.get(0).self().apply(k, k.observe("top_in", transformed), mask);
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
     * @param text of {@link #text}
     * @param image [pictures, P, H]; its keys and values are made once for both streams, and for all rows that see it
     * @param pictures none, or the picture of each row
     */
    List<NDArray> encode(Kernels k, NDArray text, NDArray mask, NDArray image, List<NDArray> pictures, int streams) {
        List<NDArray> outputs = new ArrayList<>();
        NDArray x = text;
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            x = i == 0 ? x : layer.self().apply(k, x, mask);
            x = streams == 1
                    ? layer.image().applyShared(k, x, image, pictures)
                    : k.splitStreams(layer.image().applyShared(k, k.joinStreams(x), image, pictures));
            x = layer.feedForward().apply(k, x);
            outputs.add(k.observe("top." + outputs.size(), x));
        }
        return outputs;
    }

    /** For each layer room for the keys and values of {@code slots} columns. */
    List<NDArray> caches(Kernels k, int rows, int slots) {
        return layers.stream().map(layer -> layer.self().cache(k, rows, slots)).toList();
    }

    /** For each layer the keys and values of pictures [G, P, H], as {@link #image} gives them. */
    List<NDArray> pictureCaches(Kernels k, NDArray image) {
        return layers.stream().map(layer -> layer.image().cache(k, image)).toList();
    }

    /** The l2r stream's next column [R, H] -> [R, H]. */
    NDArray column(Kernels k, NDArray below, List<NDArray> caches, int slot, List<NDArray> pictures) {
        NDArray x = k.transform(below, textTransform.get(), type(types), 0);
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            x = layer.self().column(k, x, caches.get(i), slot);
            x = layer.image().column(k, x, pictures.get(i));
            x = layer.feedForward().apply(k, x);
        }
        return x;
    }
}
