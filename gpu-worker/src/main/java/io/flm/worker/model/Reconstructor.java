package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/**
 * The reconstructor: FLM §3.3, figure 3. Each of its layers reads, by cross-attention alone, what both streams made at the same
 * depth, less what the spans hide; it predicts every token at once. B batch, L text length, H hidden.
 */
final class Reconstructor {
    private record Layer(CrossAttention streams, FeedForward feedForward) {}

    private final List<Layer> bottom;
    private final List<Layer> top;

    Reconstructor(ModelSettings settings, Parameters all) {
        bottom = layers(settings, all, "fusion_layers_bottom.", settings.reconstructorBottomLayers());
        top = layers(settings, all, "fusion_layers_top.", settings.reconstructorTopLayers());
    }

    private static List<Layer> layers(ModelSettings settings, Parameters all, String prefix, int count) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            layers.add(new Layer(
                    new CrossAttention(all, Stage.PREDICT, prefix + i + ".", settings.hidden()),
                    new FeedForward(all, Stage.PREDICT, prefix + i + ".", settings, Kernels.FUSION_EPSILON)));
        }
        return layers;
    }

    /** @param features the outputs of all bottom layers of both streams, [2B, L, H]; the last ones are read */
    NDArray bottom(Kernels k, NDArray query, List<NDArray> features, NDArray mask) {
        return read(k, "rec.bottom.", bottom, query, features, mask);
    }

    /** @param features the outputs of all top layers of both streams, [2B, L, H]; the last ones are read */
    NDArray top(Kernels k, NDArray query, List<NDArray> features, NDArray mask) {
        return read(k, "rec.top.", top, query, features, mask);
    }

    private static NDArray read(
            Kernels k, String name, List<Layer> layers, NDArray query, List<NDArray> features, NDArray mask) {
        NDArray x = query; // [B, L, H]
        int skipped = features.size() - layers.size();
        for (int i = 0; i < layers.size(); i++) {
            NDArray both = k.joinStreams(features.get(skipped + i)); // [B, 2L, H], a view
            x = layers.get(i).streams().apply(k, x, both, List.of(mask));
            x = k.observe(name + i, layers.get(i).feedForward().apply(k, x));
        }
        return x;
    }
}
