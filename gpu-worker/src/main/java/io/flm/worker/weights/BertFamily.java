package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.worker.model.ModelSettings;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** BERT of the transformers package: positions count from 0, so they are two rows further here; its norms add 1e-12. */
final class BertFamily implements Family {
    private static final String PREFIX = "bert.";
    private static final String POSITIONS = "embeddings.position_embeddings.weight";
    private static final String TYPES = "embeddings.token_type_embeddings.weight";
    private static final int FIRST_POSITION = 2;

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
        Place place = RobertaFamily.place(name, PREFIX);
        return place != null && place.name().endsWith(POSITIONS) ? place.behind(FIRST_POSITION) : place;
    }

    @Override
    public void check(@Nullable JsonNode config, ModelSettings model, Consumer<String> note) {
        RobertaFamily.check(config, model, 1e-12, note);
    }
}
