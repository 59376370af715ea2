package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.TokenizerKind;
import io.flm.data.Vocabulary;
import io.flm.worker.model.ModelSettings;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** BERT of the transformers package: positions count from 0; its norms add 1e-12. */
final class BertFamily implements Family {
    private static final String PREFIX = "bert.";
    private static final String TYPES = "embeddings.token_type_embeddings.weight";

    @Override
    public String name() {
        return "BERT of Hugging Face";
    }

    /** Where names have no prefix, BERT is known by its two types of sentences; RoBERTa has one. */
    @Override
    public boolean knows(Map<String, TensorFile.Entry> tensors) {
        TensorFile.Entry types = tensors.get(TYPES);
        return tensors.containsKey(PREFIX + TYPES)
                || (types != null && types.shape().length > 0 && types.shape()[0] == 2);
    }

    @Override
    public @Nullable Place place(String name, Set<String> model) {
        return RobertaFamily.place(name, PREFIX);
    }

    @Override
    public TokenizerKind tokenizer() {
        return TokenizerKind.BERT;
    }

    /** Of special tokens BERT itself knows that of padding alone; of the others some files have ids that nothing reads. */
    @Override
    public void check(
            TensorFile file,
            @Nullable JsonNode config,
            ModelSettings model,
            Vocabulary vocabulary,
            Consumer<String> note) {
        RobertaFamily.check(config, model, 1e-12, note);
        HuggingFaceConfig.requireId(
                config, "pad_token_id", vocabulary.padId(), vocabulary.kind().pad());
    }
}
