package io.flm.launch.export;

import io.flm.worker.model.Activation;
import io.flm.worker.model.ModelSettings;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code README.md} of the official format: the sizes that the official code is to be given, and how its weights are loaded there. */
final class OfficialCard {
    /** A line that no other program writes: earlier exports are known by it. */
    static final String MARK = "`" + Export.OFFICIAL_WEIGHTS
            + "` holds the parameters by the names that the official implementation of FLM (TencentARC/FLM) and METER have";

    private OfficialCard() {}

    static String of(ExportSource source) {
        StringBuilder text = new StringBuilder();
        text.append("# ").append(ModelCard.name(source)).append("\n\n");
        text.append(ModelCard.sentence(source));
        text.append("\n\n").append(MARK).append("""

                for them, as float32. As the file that these load (with the packages torch and safetensors):

                ```python
                import torch
                from safetensors.torch import load_file
                torch.save({"state_dict": load_file("%s")}, "flm.ckpt")
                ```

                The official model registers some parameters under a second name, such as `text_transformer2`, `cross_modal_layers`,
                `fusion_token_embedding` or `lm_score_r`, and has some that no loss of this model reaches: `text_transformer.pooler`,
                `cross_modal_image_pooler`, `lm_type_embeddings`, `vit_model.ln_final`, `vit_model.positional_embedding`, and poolers of
                streams that it does not have. Neither are in this file: it is loaded with `strict=False`, by which shared parameters
                are filled once, and the others keep their first values.

                Sizes, by the official names where there are any:

                | key | value |
                |---|---|
                """.formatted(Export.OFFICIAL_WEIGHTS));
        sizes(source.settings())
                .forEach((key, value) -> text.append("| `")
                        .append(key)
                        .append("` | ")
                        .append(value)
                        .append(" |\n"));
        text.append("| `max_text_len` | ").append(source.maxTokens()).append(" |\n\n");
        if (source.beginToken()) {
            text.append("""
                    In every text the token of the end stands behind that of the start, too, from which the first word is predicted: texts of the
                    official code have none there.
                    """);
        }
        if (source.settings().imageActivation() != Activation.QUICK_GELU) {
            text.append("The image encoder has GELU, that of the official code quick GELU.\n");
        }
        return text.toString();
    }

    private static Map<String, String> sizes(ModelSettings s) {
        Map<String, String> sizes = new LinkedHashMap<>();
        sizes.put("vocab_size", number(s.vocabulary()));
        sizes.put("input_text_embed_size", number(s.hidden()));
        sizes.put("hidden_size", number(s.hidden()));
        sizes.put("num_heads", number(s.attentionHeads()));
        sizes.put("mlp_ratio", number(s.mlpRatio()));
        sizes.put("num_bottom_layer", number(s.bottomLayers()));
        sizes.put("num_top_layer", number(s.topLayers()));
        sizes.put("num_reconstructor_bottom_layer", number(s.reconstructorBottomLayers()));
        sizes.put("num_reconstructor_top_layer", number(s.reconstructorTopLayers()));
        sizes.put("max_position_embeddings", number(s.maxPositions()));
        sizes.put("text_layer_norm_eps", String.valueOf(s.textNormEpsilon()).toLowerCase(Locale.ROOT));
        sizes.put("image_size", number(s.imageSize()));
        sizes.put("patch_size", number(s.patchSize()));
        sizes.put("vit_width", number(s.imageWidth()));
        sizes.put("vit_heads", number(s.imageAttentionHeads()));
        sizes.put("vit_layers_used", number(s.imageLayers()));
        return sizes;
    }

    private static String number(long value) {
        return String.valueOf(value);
    }
}
