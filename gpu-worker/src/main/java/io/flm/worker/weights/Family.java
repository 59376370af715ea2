package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
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

    /**
     * Compares what the shapes do not tell: heads, activations, what norms add.
     *
     * @param config the {@code config.json} beside the file; null if there is none
     * @param note is told what differs and may be lived with
     * @throws io.flm.data.UserException where the model would compute something else
     */
    default void check(@Nullable JsonNode config, ModelSettings model, Consumer<String> note) {}
}
