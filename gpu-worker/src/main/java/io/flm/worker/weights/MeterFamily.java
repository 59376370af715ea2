package io.flm.worker.weights;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** METER (arXiv 2111.02387): FLM's encoders and cross-modal layers, and a masked head, as which a causal one begins. */
final class MeterFamily implements Family {
    private static final String MASKED = "mlm_score.";
    private static final String CAUSAL = "lm_score.";

    @Override
    public String name() {
        return "METER";
    }

    @Override
    public boolean knows(Map<String, TensorFile.Entry> tensors) {
        return FlmFamily.isWhole(tensors)
                && tensors.keySet().stream().anyMatch(name -> name.startsWith(MASKED))
                && tensors.keySet().stream().noneMatch(name -> name.startsWith(CAUSAL));
    }

    @Override
    public @Nullable Place place(String name, Set<String> model) {
        boolean other = name.startsWith(MASKED) && !model.contains(name);
        return Place.of(other ? CAUSAL + name.substring(MASKED.length()) : name);
    }
}
