package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.worker.torch.Script.Params;
import java.util.ArrayList;
import java.util.List;

/**
 * The text encoder and the cross-modal layers: FLM §3.1, figure 2. One set of weights runs one stream, or both streams at
 * once, interleaved: row 2b is the l2r stream of sample b, row 2b + 1 its r2l stream. R rows (B or 2B), L text length, H hidden.
 */
final class TextStreams {
    private record Layer(Params self, List<Params> image, Params feedForward) {}

    private final Params embedding;
    private final List<Layer> bottom = new ArrayList<>();
    private final List<Layer> top = new ArrayList<>();

    TextStreams(ModelSettings settings, ParameterStore store) {
        embedding = Layers.embedding(store);
        for (int i = 0; i < settings.bottomLayers(); i++) {
            String n = ParameterNames.TEXT_LAYER + i + ".";
            bottom.add(
                    new Layer(Layers.selfAttention(store, n + "attention."), List.of(), Layers.feedForward(store, n)));
        }
        for (int i = 0; i < settings.topLayers(); i++) {
            String n = ParameterNames.TOP_LAYER + i + ".";
            top.add(new Layer(
                    Layers.selfAttention(store, n + "attention."),
                    List.of(Layers.crossAttention(store, n + "crossattention.")),
                    Layers.feedForward(store, n)));
        }
    }

    /** @return [copies * B, L, H] */
    NDArray embed(Kernels k, NDArray ids, int copies) {
        return k.textEmbedding(ids, embedding, copies);
    }

    /** The output of each layer below the fusion, [R, L, H]. */
    List<NDArray> bottom(Kernels k, NDArray embedded, NDArray mask) {
        List<NDArray> outputs = new ArrayList<>();
        NDArray x = embedded;
        for (Layer layer : bottom) {
            x = k.selfAttention(x, layer.self(), mask, false);
            x = k.feedForward(x, layer.feedForward(), false);
            outputs.add(k.observe("bottom." + outputs.size(), x));
        }
        return outputs;
    }

    /**
     * The output of each cross-modal layer, [R, L, H].
     *
     * @param image [B or 1, P, H]; its keys and values are made once for both streams
     * @param streams 1 or 2
     */
    List<NDArray> top(Kernels k, NDArray transformed, NDArray mask, NDArray image, int streams) {
        List<NDArray> outputs = new ArrayList<>();
        NDArray x = transformed;
        for (Layer layer : top) {
            x = k.selfAttention(x, layer.self(), mask, true);
            Params cross = layer.image().get(0);
            x = streams == 1
                    ? k.crossAttention(x, image, cross, List.of())
                    : k.splitStreams(k.crossAttention(k.joinStreams(x), image, cross, List.of()));
            x = k.feedForward(x, layer.feedForward(), true);
            outputs.add(k.observe("top." + outputs.size(), x));
        }
        return outputs;
    }
}
