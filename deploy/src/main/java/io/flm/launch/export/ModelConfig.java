package io.flm.launch.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.data.PictureSettings;
import io.flm.data.PictureSettings.Fit;
import io.flm.data.PositionRule;
import io.flm.data.Reconstruction;
import io.flm.data.Streams;
import io.flm.data.TextForm;
import io.flm.data.Tokenizer;
import io.flm.data.TokenizerKind;
import io.flm.launch.console.Version;
import io.flm.worker.model.Activation;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelParts.Classifier;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.objective.Head;
import io.flm.worker.task.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON files of a folder in the style of Hugging Face. Where its libraries have a name for a value, it is that one; all that {@code
 * modeling_flm.py} needs is in them.
 */
final class ModelConfig {
    /** Of all exported models, and of no other program's: earlier exports are known by it. */
    static final String TYPE = "flm";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double CLIP_EPSILON = 1e-5;
    private static final double FUSION_EPSILON = 1e-12;
    private static final int BICUBIC = 3;

    private final ExportSource source;
    private final Tokenizer tokenizer;

    ModelConfig(ExportSource source, Tokenizer tokenizer) {
        this.source = source;
        this.tokenizer = tokenizer;
    }

    /** {@code config.json}. */
    String model() {
        ModelSettings s = source.settings();
        ModelParts parts = source.objective().parts();
        ObjectNode root = JSON.createObjectNode();
        root.put("model_type", TYPE).putArray("architectures").add("Flm");
        root.put("torch_dtype", "float32").put("flm_version", Version.number());
        root.put("objective", source.objective().key())
                .put("objective_setting", source.objective().setting())
                .put("streams", streams());
        root.put("vocab_size", s.vocabulary())
                .put("hidden_size", s.hidden())
                .put("num_attention_heads", s.attentionHeads())
                .put("intermediate_size", s.mlpRatio() * s.hidden())
                .put("hidden_act", "gelu")
                .put("num_bottom_layers", s.bottomLayers())
                .put("num_top_layers", s.topLayers())
                .put("reconstructor", parts.reconstructor())
                .put("num_reconstructor_bottom_layers", s.reconstructorBottomLayers())
                .put("num_reconstructor_top_layers", s.reconstructorTopLayers())
                .put("max_position_embeddings", s.maxPositions())
                .put("text_layer_norm_eps", s.textNormEpsilon())
                .put("layer_norm_eps", FUSION_EPSILON)
                .put("tie_word_embeddings", false);
        root.putObject("vision_config")
                .put("hidden_size", s.imageWidth())
                .put("intermediate_size", s.mlpRatio() * s.imageWidth())
                .put("num_hidden_layers", s.imageLayers())
                .put("num_attention_heads", s.imageAttentionHeads())
                .put("image_size", s.imageSize())
                .put("patch_size", s.patchSize())
                .put("hidden_act", s.imageActivation() == Activation.QUICK_GELU ? "quick_gelu" : "gelu")
                .put("layer_norm_eps", CLIP_EPSILON);
        root.put("bos_token_id", tokenizer.startId())
                .put("pad_token_id", tokenizer.padId())
                .put("eos_token_id", tokenizer.endId())
                .put("mask_token_id", tokenizer.maskId());
        PositionRule positions = tokenizer.vocabulary().positions();
        root.put("first_position", positions.first()).put("uncounted_token_id", positions.uncountedId());
        root.put("begin_token", source.beginToken())
                .put("max_tokens", source.maxTokens())
                .put("text_form", source.textForm() == TextForm.CAPTION ? "caption" : "as it is");
        heads(root, parts);
        return pretty(root);
    }

    /** What the model predicts with. */
    private void heads(ObjectNode root, ModelParts parts) {
        root.put("token_head", parts.tokenHead() == null ? null : name(parts.tokenHead()));
        root.put("pairs", parts.pairs());
        ArrayNode classifiers = root.putArray("classifiers");
        for (Classifier classifier : parts.classifiers()) {
            classifiers
                    .addObject()
                    .put("name", name(classifier.prefix()))
                    .put("wide", classifier.wide())
                    .put("joined", classifier.joined())
                    .put("outputs", classifier.outputs());
        }
        source.task().ifPresent(task -> root.put("task", task.key()));
        List<String> classes = source.task().map(Task::classes).orElse(List.of());
        if (!classes.isEmpty()) {
            boolean several = source.objective().heads().stream().anyMatch(h -> h.predicts() == Head.Predicts.SCORE);
            root.put("problem_type", several ? "multi_label_classification" : "single_label_classification");
            ObjectNode names = root.putObject("id2label");
            for (int number = 0; number < classes.size(); number++) {
                names.put(String.valueOf(number), classes.get(number));
            }
        }
    }

    /** A prefix of parameters as the name of a module. */
    private static String name(String prefix) {
        return prefix.substring(0, prefix.length() - 1);
    }

    private String streams() {
        Streams streams = source.streams(tokenizer);
        if (streams instanceof Reconstruction) {
            return "both";
        }
        return streams instanceof Streams.Prefix
                ? "prefix"
                : streams == Streams.BIDIRECTIONAL ? "bidirectional" : "left-to-right";
    }

    /** {@code preprocessor_config.json}: as CLIP's, with its mean and deviation of each channel. */
    String preprocessor() {
        PictureSettings pictures = PictureSettings.from(source.config());
        int size = source.settings().imageSize();
        boolean crop = pictures.fit() == Fit.CROP;
        ObjectNode root = JSON.createObjectNode();
        root.put("image_processor_type", "CLIPImageProcessor")
                .put("do_exif_transpose", pictures.exifOrientation())
                .put("do_convert_rgb", true)
                .put("do_resize", true)
                .put("resample", BICUBIC);
        ObjectNode resized = root.putObject("size");
        if (crop) {
            resized.put("shortest_edge", size);
        } else {
            resized.put("height", size).put("width", size);
        }
        root.put("do_center_crop", crop)
                .putObject("crop_size")
                .put("height", size)
                .put("width", size);
        root.put("do_rescale", true).put("rescale_factor", 1 / 255.0).put("do_normalize", true);
        root.putArray("image_mean").add(0.48145466).add(0.4578275).add(0.40821073);
        root.putArray("image_std").add(0.26862954).add(0.26130258).add(0.27577711);
        return pretty(root);
    }

    /** {@code tokenizer_config.json}. */
    String tokenizer() {
        ObjectNode root = JSON.createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("model_max_length", source.maxTokens())
                .put("clean_up_tokenization_spaces", false);
        special().forEach(root::put);
        return pretty(root);
    }

    /** {@code special_tokens_map.json}. */
    String specialTokens() {
        ObjectNode root = JSON.createObjectNode();
        special().forEach(root::put);
        return pretty(root);
    }

    private Map<String, String> special() {
        TokenizerKind kind = tokenizer.kind();
        Map<String, String> special = new LinkedHashMap<>(); // in an order: the same model makes the same file
        special.put("bos_token", kind.start());
        special.put("pad_token", kind.pad());
        special.put("eos_token", kind.end());
        special.put("mask_token", kind.mask());
        return special;
    }

    private static String pretty(ObjectNode root) {
        return root.toPrettyString() + "\n";
    }
}
