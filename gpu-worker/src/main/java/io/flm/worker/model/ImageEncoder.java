package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import io.flm.worker.torch.Script.Params;
import java.util.ArrayList;
import java.util.List;

/** CLIP's vision transformer without its last block, normed on every token: FLM §3.1. B batch, S pixels, P tokens, W width. */
final class ImageEncoder {
    private final Params patches;
    private final List<Params> blocks = new ArrayList<>();
    private final Params post;

    ImageEncoder(ModelSettings settings, ParameterStore store) {
        String n = ParameterNames.VIT;
        patches = store.arguments(List.of(
                n + "conv1.weight",
                n + "class_embedding",
                n + "positional_embedding",
                n + "ln_pre.weight",
                n + "ln_pre.bias"));
        for (int i = 0; i < settings.imageLayers(); i++) {
            String b = n + "transformer.resblocks." + i + ".";
            blocks.add(store.arguments(List.of(
                    b + "ln_1.weight",
                    b + "ln_1.bias",
                    b + "attn.in_proj_weight",
                    b + "attn.in_proj_bias",
                    b + "attn.out_proj.weight",
                    b + "attn.out_proj.bias",
                    b + "ln_2.weight",
                    b + "ln_2.bias",
                    b + "mlp.c_fc.weight",
                    b + "mlp.c_fc.bias",
                    b + "mlp.c_proj.weight",
                    b + "mlp.c_proj.bias")));
        }
        post = store.arguments(List.of(n + "ln_post.weight", n + "ln_post.bias"));
    }

    /**
     * @param image normalised [B, 3, S, S]
     * @return features [B, P, W], the class token first
     */
    NDArray encode(Kernels k, NDArray image) {
        NDArray x = k.patchEmbedding(image, patches);
        for (Params block : blocks) {
            x = k.vitBlock(x, block);
        }
        return k.norm(x, post);
    }
}
