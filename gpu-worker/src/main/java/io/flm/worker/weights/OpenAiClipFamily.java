package io.flm.worker.weights;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** CLIP as OpenAI published it and as open_clip writes it: the names here are these, below {@code vit_model.}. */
final class OpenAiClipFamily implements Family {
    private static final String VISUAL = "visual.";

    @Override
    public String name() {
        return "CLIP of OpenAI or open_clip";
    }

    @Override
    public boolean knows(Map<String, TensorFile.Entry> tensors) {
        return tensors.containsKey("visual.transformer.resblocks.0.attn.in_proj_weight");
    }

    @Override
    public @Nullable Place place(String name, Set<String> model) {
        return name.startsWith(VISUAL) ? Place.of("vit_model." + name) : null;
    }
}
