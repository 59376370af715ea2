package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.Vocabulary;
import io.flm.worker.model.Activation;
import io.flm.worker.model.ModelSettings;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** CLIP of the transformers package: queries, keys and values of a block are tensors of their own. */
final class HuggingFaceClipFamily implements Family {
    private static final String PREFIX = "vision_model.";
    private static final String HERE = "vit_model.visual.";
    private static final Pattern LAYER = Pattern.compile("encoder\\.layers\\.(\\d+)\\.(.+)\\.(weight|bias)");

    private static final Map<String, String> OUTSIDE = Map.of(
            "embeddings.class_embedding", "class_embedding",
            "embeddings.patch_embedding.weight", "conv1.weight",
            "embeddings.position_embedding.weight", "positional_embedding",
            "pre_layrnorm.weight", "ln_pre.weight",
            "pre_layrnorm.bias", "ln_pre.bias",
            "post_layernorm.weight", "ln_post.weight",
            "post_layernorm.bias", "ln_post.bias");

    private static final List<String> PACKED = List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");

    private static final Map<String, String> INSIDE = Map.of(
            "self_attn.out_proj", "attn.out_proj",
            "layer_norm1", "ln_1",
            "layer_norm2", "ln_2",
            "mlp.fc1", "mlp.c_fc",
            "mlp.fc2", "mlp.c_proj");

    @Override
    public String name() {
        return "CLIP of Hugging Face";
    }

    @Override
    public boolean knows(Map<String, TensorFile.Entry> tensors) {
        return tensors.containsKey(PREFIX + "pre_layrnorm.weight") || tensors.containsKey("pre_layrnorm.weight");
    }

    @Override
    public @Nullable Place place(String name, Set<String> model) {
        String rest = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
        String outside = OUTSIDE.get(rest);
        if (outside != null) {
            return Place.of(HERE + outside);
        }
        Matcher layer = LAYER.matcher(rest);
        if (!layer.matches()) {
            return null;
        }
        String block = HERE + "transformer.resblocks." + layer.group(1) + ".";
        int packed = PACKED.indexOf(layer.group(2));
        if (packed >= 0) {
            return Place.of(block + "attn.in_proj_" + layer.group(3)).part(packed, PACKED.size());
        }
        String inside = INSIDE.get(layer.group(2));
        return inside == null ? null : Place.of(block + inside + "." + layer.group(3));
    }

    @Override
    public void check(
            TensorFile file,
            @Nullable JsonNode config,
            ModelSettings model,
            Vocabulary vocabulary,
            Consumer<String> note) {
        if (config == null) {
            ClipActivation.unknown(model, note);
            return;
        }
        JsonNode its = config.path("vision_config").isObject() ? config.get("vision_config") : config;
        HuggingFaceConfig.requireHeads(its, model.imageAttentionHeads(), 12, "flm.model.image-heads");
        HuggingFaceConfig.requireEpsilon(its, 1e-5, 1e-5, "");
        String activation = HuggingFaceConfig.activation(its, "quick_gelu");
        switch (activation) {
            case "quick_gelu" -> ClipActivation.require(Activation.QUICK_GELU, model);
            case "gelu" -> ClipActivation.require(Activation.GELU, model);
            default ->
                HuggingFaceConfig.compareActivation(its, model.imageActivation().word(), activation, note);
        }
    }
}
