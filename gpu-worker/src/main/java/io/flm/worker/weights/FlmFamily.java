package io.flm.worker.weights;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checkpoints of the official FLM code, and of this program: their names are the names here. */
final class FlmFamily implements Family {
    @Override
    public String name() {
        return "FLM";
    }

    @Override
    public boolean knows(Map<String, TensorFile.Entry> tensors) {
        return isWhole(tensors);
    }

    /** METER and FLM have the same encoders under the same names. */
    static boolean isWhole(Map<String, TensorFile.Entry> tensors) {
        return tensors.containsKey("cross_modal_text_transform.weight")
                || tensors.containsKey("text_transformer.embeddings.word_embeddings.weight");
    }

    @Override
    public @Nullable Place place(String name, Set<String> model) {
        return Place.of(name);
    }
}
