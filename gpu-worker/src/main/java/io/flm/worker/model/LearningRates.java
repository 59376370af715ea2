package io.flm.worker.model;

import java.util.List;

/**
 * Which parameters learn at which rate, by their official names.
 *
 * <p>The group follows the official rule: names with {@code cross_modal} or {@code fusion_layers} are {@link RateGroup#FAST}, those
 * of the two encoders and of the type rows {@link RateGroup#BASE}, all others are heads. (The official rule lists its heads instead;
 * {@code rank_output} is not on that list, and learns at the base rate there.)
 *
 * <p>The depth is how far a parameter lies below the top, as BEiT (arXiv 2106.08254) and ELECTRA (arXiv 2003.10555) count for their
 * layer-wise decay: 0 for heads and poolers, for all others 1 + the layers between them and the heads. With T top layers, B
 * bottom layers, I blocks of the image encoder:
 *
 * <pre>
 * heads, poolers                               0
 * top layer i                                  T - i         1 for the last
 * transforms, type rows                        T + 1
 * bottom layer i                               T + B - i
 * text embedding                               T + B + 1
 * reconstructor layer                          that of the stream layer which it reads
 * last norm of the image encoder               T + 1
 * block i of the image encoder                 T + I - i
 * patches, class token, positions, first norm  T + I + 1
 * </pre>
 */
final class LearningRates {
    private static final String IMAGE = "vit_model.";
    private static final String IMAGE_END = IMAGE + "visual.ln_post.";
    private static final String TEXT = "text_transformer.";
    private static final String TYPES = "token_type_embeddings";

    /**
     * Layers of equal kind.
     *
     * @param prefix of the names, before the layer's index
     * @param above layers between the last of them and the heads
     */
    private record Layers(String prefix, int count, int above) {
        /** Of one of their parameters. */
        int depth(String name) {
            int index = Integer.parseInt(name.substring(prefix.length(), name.indexOf('.', prefix.length())));
            return above + count - index;
        }
    }

    private final int topLayers;
    private final int bottomLayers;
    private final int imageLayers;
    private final List<Layers> layers;

    LearningRates(ModelSettings settings) {
        topLayers = settings.topLayers();
        bottomLayers = settings.bottomLayers();
        imageLayers = settings.imageLayers();
        layers = List.of(
                new Layers("cross_modal_text_layers.", topLayers, 0),
                new Layers("fusion_layers_top.", settings.reconstructorTopLayers(), 0),
                new Layers("fusion_layers_bottom.", settings.reconstructorBottomLayers(), topLayers),
                new Layers(TEXT + "encoder.layer.", bottomLayers, topLayers),
                new Layers(IMAGE + "visual.transformer.resblocks.", imageLayers, topLayers));
    }

    static RateGroup group(String name) {
        if (name.contains("cross_modal") || name.contains("fusion_layers")) {
            return RateGroup.FAST;
        }
        return name.startsWith(IMAGE) || name.startsWith(TEXT) || name.startsWith(TYPES)
                ? RateGroup.BASE
                : RateGroup.HEAD;
    }

    int depth(String name) {
        if (group(name) == RateGroup.HEAD || name.contains("_pooler")) {
            return 0;
        }
        for (Layers l : layers) {
            if (name.startsWith(l.prefix())) {
                return l.depth(name);
            }
        }
        if (name.startsWith(TEXT)) {
            return topLayers + bottomLayers + 1;
        }
        return name.startsWith(IMAGE) && !name.startsWith(IMAGE_END) ? topLayers + imageLayers + 1 : topLayers + 1;
    }
}
