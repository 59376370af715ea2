package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/** CLIP's vision transformer without its last block, normed on every token: FLM §3.1. B batch, S pixels, P tokens, W width. */
final class ImageEncoder {
    private static final String PREFIX = "vit_model.visual.";

    private final LayerParameters patches;
    private final List<LayerParameters> blocks = new ArrayList<>();
    private final LayerParameters post;

    /** Begins as CLIP does. */
    ImageEncoder(ModelSettings settings, Parameters all) {
        long w = settings.imageWidth();
        long patch = settings.patchSize();
        long wide = settings.mlpRatio() * w;
        double scale = Math.pow(settings.imageWidth(), -0.5);
        Init normal = new Init.Normal(scale);
        Init inner = new Init.Normal(Math.pow(2.0 * settings.imageWidth(), -0.5));
        Init outer = new Init.Normal(scale * Math.pow(2.0 * settings.imageLayers(), -0.5));
        patches = all.of(Stage.IMAGE, PREFIX)
                .tensor("conv1.weight", new Init.Normal(0.02), w, 3, patch, patch)
                .tensor("class_embedding", normal, w)
                .tensor("positional_embedding", normal, settings.imageTokens(), w)
                .norm("ln_pre.", w);
        for (int i = 0; i < settings.imageLayers(); i++) {
            blocks.add(all.of(Stage.IMAGE, PREFIX + "transformer.resblocks." + i + ".")
                    .norm("ln_1.", w)
                    .tensor("attn.in_proj_weight", normal, 3 * w, w)
                    .tensor("attn.in_proj_bias", Init.ZERO, 3 * w)
                    .linear("attn.out_proj.", w, w, outer)
                    .norm("ln_2.", w)
                    .linear("mlp.c_fc.", wide, w, inner)
                    .linear("mlp.c_proj.", w, wide, outer));
        }
        post = all.of(Stage.IMAGE, PREFIX).norm("ln_post.", w);
    }

    /** All its layers, in the order in which they read. */
    List<LayerParameters> layerParameters() {
        List<LayerParameters> layers = new ArrayList<>();
        layers.add(patches);
        layers.addAll(blocks);
        layers.add(post);
        return layers;
    }

    /**
     * @param image normalised [B, 3, S, S]
     * @return features [B, P, W], the class token first
     */
    NDArray encode(Kernels k, NDArray image) {
        NDArray x = k.patchEmbedding(image, patches.get());
        for (LayerParameters block : blocks) {
            x = k.vitBlock(x, block.get());
        }
        return k.observe("image.features", k.norm(x, post.get()));
    }
}
