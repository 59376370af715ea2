package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.worker.torch.Script.Params;
import java.util.ArrayList;
import java.util.List;

/**
 * The reconstructor: FLM §3.3, figure 3. Each of its layers reads, by cross-attention alone, what both streams made at the same
 * depth, less what the spans hide; it predicts every token at once. B batch, L text length, H hidden.
 */
final class Reconstructor {
    private record Layer(Params streams, Params feedForward) {}

    private final List<Layer> bottom = new ArrayList<>();
    private final List<Layer> top = new ArrayList<>();

    Reconstructor(ModelSettings settings, ParameterStore store) {
        for (int i = 0; i < settings.reconstructorBottomLayers(); i++) {
            bottom.add(layer(store, ParameterNames.RECONSTRUCTOR_BOTTOM + i + "."));
        }
        for (int i = 0; i < settings.reconstructorTopLayers(); i++) {
            top.add(layer(store, ParameterNames.RECONSTRUCTOR_TOP + i + "."));
        }
    }

    private static Layer layer(ParameterStore store, String n) {
        return new Layer(Layers.crossAttention(store, n + "crossattention."), Layers.feedForward(store, n));
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
            x = k.crossAttention(x, both, layers.get(i).streams(), List.of(mask));
            x = k.observe(name + i, k.feedForward(x, layers.get(i).feedForward(), true));
        }
        return x;
    }
}
