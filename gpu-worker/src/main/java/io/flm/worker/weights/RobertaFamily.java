package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.TokenizerKind;
import io.flm.data.Vocabulary;
import io.flm.worker.model.ModelSettings;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** RoBERTa of the transformers package (XLM-R and CamemBERT, too): positions count from 2. */
final class RobertaFamily implements Family {
    private static final String PREFIX = "roberta.";
    private static final String HERE = "text_transformer.";
    private static final String WORDS = "embeddings.word_embeddings.weight";
    private static final String KEY = "flm.model.text-norm-epsilon";

    @Override
    public String name() {
        return "RoBERTa of Hugging Face";
    }

    @Override
    public boolean knows(Map<String, TensorFile.Entry> tensors) {
        return tensors.containsKey(PREFIX + WORDS) || tensors.containsKey(WORDS);
    }

    @Override
    public @Nullable Place place(String name, Set<String> model) {
        return place(name, PREFIX);
    }

    /** Layers of BERT's form. Norms that came from TensorFlow have a gamma and a beta. */
    static @Nullable Place place(String name, String prefix) {
        String rest = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        if (!rest.startsWith("embeddings.") && !rest.startsWith("encoder.layer.")) {
            return null;
        }
        return Place.of(HERE + rest.replaceFirst("\\.gamma$", ".weight").replaceFirst("\\.beta$", ".bias"));
    }

    @Override
    public TokenizerKind tokenizer() {
        return TokenizerKind.ROBERTA;
    }

    @Override
    public void check(
            TensorFile file,
            @Nullable JsonNode config,
            ModelSettings model,
            Vocabulary vocabulary,
            Consumer<String> note) {
        check(config, model, 1e-5, note);
        TokenizerKind kind = vocabulary.kind();
        HuggingFaceConfig.requireId(config, "bos_token_id", vocabulary.startId(), kind.start());
        HuggingFaceConfig.requireId(config, "pad_token_id", vocabulary.padId(), kind.pad());
        HuggingFaceConfig.requireId(config, "eos_token_id", vocabulary.endId(), kind.end());
    }

    static void check(@Nullable JsonNode config, ModelSettings model, double epsilon, Consumer<String> note) {
        if (config == null) {
            HuggingFaceConfig.requireEpsilon(epsilon, model.textNormEpsilon(), KEY);
            return;
        }
        HuggingFaceConfig.requireHeads(config, model.attentionHeads(), 12, "flm.model.heads");
        HuggingFaceConfig.requireAbsolutePositions(config);
        HuggingFaceConfig.compareActivation(config, "gelu", "gelu", note);
        HuggingFaceConfig.requireEpsilon(config, model.textNormEpsilon(), 1e-12, KEY);
    }
}
