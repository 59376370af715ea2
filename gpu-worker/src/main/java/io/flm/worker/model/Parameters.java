package io.flm.worker.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The parameters that the layers of a model declare, layer by layer. */
final class Parameters {
    private static final double BERT_DEVIATION = 0.02;
    private static final int BERT_WIDTH = 768;

    private final Init normal;
    private final LearningRates rates;
    private final List<LayerParameters> layers = new ArrayList<>();

    Parameters(ModelSettings settings) {
        // Narrower layers begin with wider values: with BERT's, hardly anything of the picture comes through them.
        normal = new Init.Normal(BERT_DEVIATION * Math.sqrt((double) BERT_WIDTH / settings.hidden()));
        rates = new LearningRates(settings);
    }

    /**
     * A layer's, to be declared.
     *
     * @param prefix of the names
     */
    LayerParameters of(Stage stage, String prefix) {
        LayerParameters layer = new LayerParameters(stage, prefix, normal, rates);
        layers.add(layer);
        return layer;
    }

    List<LayerParameters> layers() {
        return layers;
    }

    /** All, in the order of declaration. */
    Stream<KernelArgument> arguments() {
        return layers.stream().flatMap(layer -> layer.arguments().stream());
    }

    /** The number of values. */
    long size() {
        return arguments().mapToLong(KernelArgument::size).sum();
    }
}
