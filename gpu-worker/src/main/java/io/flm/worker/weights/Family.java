package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.TokenizerKind;
import io.flm.data.Vocabulary;
import io.flm.worker.model.ModelSettings;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Whose names a file has, and what they are called here. */
interface Family {
    /** For people. */
    String name();

    /** Whether a file is of this family. */
    boolean knows(Map<String, TensorFile.Entry> tensors);

    /**
     * Where a tensor goes; null: nowhere.
     *
     * @param model the names of the model's tensors
     */
    @Nullable Place place(String name, Set<String> model);

    /** The kind of tokenizer whose texts it was trained on; null: any, or none. */
    default @Nullable TokenizerKind tokenizer() {
        return null;
    }

    /** The file that says beside the weights what their shapes do not. */
    default String config() {
        return "config.json";
    }

    /**
     * Compares what the shapes do not tell: heads, activations, what norms add, ids of special tokens.
     *
     * @param config what {@link #config} beside the file holds; null if there is none
     * @param vocabulary of the tokenizer
     * @param note is told what differs and may be lived with
     * @throws io.flm.data.UserException where the model would compute something else
     */
    default void check(
            TensorFile file,
            @Nullable JsonNode config,
            ModelSettings model,
            Vocabulary vocabulary,
            Consumer<String> note) {}
}
