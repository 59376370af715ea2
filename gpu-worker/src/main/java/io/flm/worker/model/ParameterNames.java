package io.flm.worker.model;

import io.flm.data.Objective;
import java.util.ArrayList;
import java.util.List;

/**
 * All parameters of a model, under the names of the official code, in the order in which the kernels take them. A group of
 * tensors that one kernel argument holds (q, k, v) is a {@link Unit}: neighbours in the flat buffer, one packed view.
 *
 * <p>Rates and decay follow the official rule: factor 5 for cross-modal, fusion and head parameters; no decay for biases and
 * for {@code LayerNorm} weights, while the image encoder's norms are decayed.
 */
final class ParameterNames {
    /** The stages of a pass, in forward order. */
    static final int IMAGE = 0;

    static final int TEXT = 1;
    static final int FUSION = 2;
    static final int PREDICT = 3;
    static final int STAGES = 4;

    static final String VIT = "vit_model.visual.";
    static final String EMBEDDINGS = "text_transformer.embeddings.";
    static final String TEXT_LAYER = "text_transformer.encoder.layer.";
    static final String TEXT_TRANSFORM = "cross_modal_text_transform.";
    static final String IMAGE_TRANSFORM = "cross_modal_image_transform.";
    static final String TYPES = "token_type_embeddings.weight";
    static final String FLM_TYPES = "token_type_embeddings_flm.weight";
    static final String TOP_LAYER = "cross_modal_text_layers.";
    static final String RECONSTRUCTOR_BOTTOM = "fusion_layers_bottom.";
    static final String RECONSTRUCTOR_TOP = "fusion_layers_top.";
    static final String LM_HEAD = "lm_score.";
    static final String MLM_HEAD = "mlm_score.";

    /** How a tensor begins. */
    sealed interface Init {
        /** All values alike. */
        record Constant(double value) implements Init {}

        /** Normal with mean 0. */
        record Normal(double deviation) implements Init {}
    }

    /**
     * One kernel argument.
     *
     * @param key the name by which the model asks for it
     * @param names the official tensors, stacked along the first dimension
     * @param shape of each official tensor
     */
    record Unit(String key, List<String> names, long[] shape, Init init, int stage, RateGroup group, boolean decay) {
        long size() {
            long size = names.size();
            for (long s : shape) {
                size *= s;
            }
            return size;
        }

        /** The shape of the packed view. */
        long[] packedShape() {
            long[] packed = shape.clone();
            packed[0] *= names.size();
            return packed;
        }
    }

    private static final Init ZERO = new Init.Constant(0);
    private static final Init ONE = new Init.Constant(1);
    private static final double BERT_DEVIATION = 0.02;
    private static final int BERT_WIDTH = 768;

    private final ModelSettings settings;
    private final Init normal;
    private final List<Unit> units = new ArrayList<>();

    private ParameterNames(ModelSettings settings) {
        this.settings = settings;
        // Narrower layers begin with wider values: with BERT's, hardly anything of the picture comes through them.
        this.normal = new Init.Normal(BERT_DEVIATION * Math.sqrt((double) BERT_WIDTH / settings.hidden()));
    }

    /** The parameters that an objective trains. */
    static List<Unit> of(ModelSettings settings, Objective objective) {
        ParameterNames names = new ParameterNames(settings);
        names.imageEncoder();
        names.text();
        names.fusion(objective);
        names.predict(objective);
        return List.copyOf(names.units);
    }

    private void imageEncoder() {
        long w = settings.imageWidth();
        long patch = settings.patchSize();
        double scale = Math.pow(settings.imageWidth(), -0.5); // as CLIP begins
        double block = scale * Math.pow(2.0 * settings.imageLayers(), -0.5);
        unit(IMAGE, VIT + "conv1.weight", new Init.Normal(0.02), w, 3, patch, patch);
        unit(IMAGE, VIT + "class_embedding", new Init.Normal(scale), w);
        unit(IMAGE, VIT + "positional_embedding", new Init.Normal(scale), settings.imageTokens(), w);
        norm(IMAGE, VIT + "ln_pre.", w);
        for (int i = 0; i < settings.imageLayers(); i++) {
            String n = VIT + "transformer.resblocks." + i + ".";
            norm(IMAGE, n + "ln_1.", w);
            unit(IMAGE, n + "attn.in_proj_weight", new Init.Normal(scale), 3 * w, w);
            unit(IMAGE, n + "attn.in_proj_bias", ZERO, 3 * w);
            linear(IMAGE, n + "attn.out_proj.", w, w, new Init.Normal(block));
            norm(IMAGE, n + "ln_2.", w);
            linear(
                    IMAGE,
                    n + "mlp.c_fc.",
                    settings.mlpRatio() * w,
                    w,
                    new Init.Normal(Math.pow(2.0 * settings.imageWidth(), -0.5)));
            linear(IMAGE, n + "mlp.c_proj.", w, settings.mlpRatio() * w, new Init.Normal(block));
        }
        norm(IMAGE, VIT + "ln_post.", w);
    }

    private void text() {
        long h = settings.hidden();
        unit(TEXT, EMBEDDINGS + "word_embeddings.weight", normal, settings.vocabulary(), h);
        unit(TEXT, EMBEDDINGS + "position_embeddings.weight", normal, settings.maxPositions(), h);
        unit(TEXT, EMBEDDINGS + "token_type_embeddings.weight", normal, 1, h);
        norm(TEXT, EMBEDDINGS + "LayerNorm.", h);
        for (int i = 0; i < settings.bottomLayers(); i++) {
            selfAttention(TEXT, TEXT_LAYER + i + ".attention.");
            feedForward(TEXT, TEXT_LAYER + i + ".");
        }
    }

    private void fusion(Objective objective) {
        long h = settings.hidden();
        linear(FUSION, TEXT_TRANSFORM, h, h, normal);
        linear(FUSION, IMAGE_TRANSFORM, h, settings.imageWidth(), normal);
        unit(FUSION, TYPES, normal, 2, h);
        if (objective == Objective.FLM) {
            unit(FUSION, FLM_TYPES, normal, 2, h);
        }
        for (int i = 0; i < settings.topLayers(); i++) {
            selfAttention(FUSION, TOP_LAYER + i + ".attention.");
            crossAttention(FUSION, TOP_LAYER + i + ".crossattention.");
            feedForward(FUSION, TOP_LAYER + i + ".");
        }
    }

    private void predict(Objective objective) {
        if (objective == Objective.FLM) {
            for (int i = 0; i < settings.reconstructorBottomLayers(); i++) {
                crossAttention(PREDICT, RECONSTRUCTOR_BOTTOM + i + ".crossattention.");
                feedForward(PREDICT, RECONSTRUCTOR_BOTTOM + i + ".");
            }
            for (int i = 0; i < settings.reconstructorTopLayers(); i++) {
                crossAttention(PREDICT, RECONSTRUCTOR_TOP + i + ".crossattention.");
                feedForward(PREDICT, RECONSTRUCTOR_TOP + i + ".");
            }
        }
        String head = objective == Objective.MLM ? MLM_HEAD : LM_HEAD;
        long h = settings.hidden();
        linear(PREDICT, head + "transform.dense.", h, h, normal);
        norm(PREDICT, head + "transform.LayerNorm.", h);
        unit(PREDICT, head + "decoder.weight", normal, settings.vocabulary(), h);
        unit(PREDICT, head + "bias", ZERO, settings.vocabulary());
    }

    private void selfAttention(int stage, String n) {
        long h = settings.hidden();
        packed(stage, n + "self.qkv.weight", normal, names(n, "weight", "query", "key", "value"), h, h);
        packed(stage, n + "self.qkv.bias", ZERO, names(n, "bias", "query", "key", "value"), h);
        linear(stage, n + "output.dense.", h, h, normal);
        norm(stage, n + "output.LayerNorm.", h);
    }

    private void crossAttention(int stage, String n) {
        long h = settings.hidden();
        linear(stage, n + "self.query.", h, h, normal);
        packed(stage, n + "self.kv.weight", normal, names(n, "weight", "key", "value"), h, h);
        packed(stage, n + "self.kv.bias", ZERO, names(n, "bias", "key", "value"), h);
        linear(stage, n + "output.dense.", h, h, normal);
        norm(stage, n + "output.LayerNorm.", h);
    }

    private void feedForward(int stage, String n) {
        long h = settings.hidden();
        long wide = settings.mlpRatio() * h;
        linear(stage, n + "intermediate.dense.", wide, h, normal);
        linear(stage, n + "output.dense.", h, wide, normal);
        norm(stage, n + "output.LayerNorm.", h);
    }

    private static List<String> names(String n, String kind, String... parts) {
        List<String> names = new ArrayList<>();
        for (String part : parts) {
            names.add(n + "self." + part + "." + kind);
        }
        return names;
    }

    private void linear(int stage, String n, long out, long in, Init init) {
        unit(stage, n + "weight", init, out, in);
        unit(stage, n + "bias", ZERO, out);
    }

    private void norm(int stage, String n, long width) {
        unit(stage, n + "weight", ONE, width);
        unit(stage, n + "bias", ZERO, width);
    }

    private void unit(int stage, String name, Init init, long... shape) {
        packed(stage, name, init, List.of(name), shape);
    }

    private void packed(int stage, String key, Init init, List<String> names, long... shape) {
        String name = names.get(0);
        boolean fast = name.contains("cross_modal") || name.contains("fusion_layers") || name.contains("_score.");
        boolean decay = !name.contains("bias") && !name.contains("LayerNorm.weight");
        units.add(new Unit(key, names, shape, init, stage, fast ? RateGroup.FAST : RateGroup.BASE, decay));
    }
}
