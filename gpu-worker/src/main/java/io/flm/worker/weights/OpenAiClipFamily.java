package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.Vocabulary;
import io.flm.worker.model.Activation;
import io.flm.worker.model.ModelSettings;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * CLIP as OpenAI published it and as open_clip writes it: the names here are these, below {@code vit_model.}.
 *
 * <p>OpenAI's are TorchScript, or have its three numbers beside their weights, and quick GELU. Models of open_clip say in their
 * configuration whether they have it; by default they do not.
 */
final class OpenAiClipFamily implements Family {
    private static final String VISUAL = "visual.";

    /** What OpenAI's weights hold beside tensors of layers; open_clip writes no such tensor. */
    private static final String OF_OPENAI = "input_resolution";

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

    @Override
    public String config() {
        return "open_clip_config.json";
    }

    @Override
    public void check(
            TensorFile file,
            @Nullable JsonNode config,
            ModelSettings model,
            Vocabulary vocabulary,
            Consumer<String> note) {
        if (file.isScript() || file.tensors().containsKey(OF_OPENAI)) {
            ClipActivation.require(Activation.QUICK_GELU, model);
        } else if (config != null && config.path("model_cfg").isObject()) {
            boolean quick = config.path("model_cfg").path("quick_gelu").asBoolean(false);
            ClipActivation.require(quick ? Activation.QUICK_GELU : Activation.GELU, model);
        } else {
            ClipActivation.unknown(model, note);
        }
    }
}
