package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.flm.data.UserException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a {@code config.json} of the transformers package says of a model, which its shapes do not. Absent keys have defaults. */
final class HuggingFaceConfig {
    private HuggingFaceConfig() {}

    static void requireHeads(JsonNode config, int heads, int byDefault, String key) {
        int its = config.path("num_attention_heads").asInt(byDefault);
        if (its != heads) {
            throw new UserException(
                    "its config.json has num_attention_heads = " + its + ", but " + key + " = " + heads + "; set that");
        }
    }

    static void compareActivation(JsonNode config, String activation, String byDefault, Consumer<String> note) {
        String its = config.path("hidden_act").asText(byDefault);
        if (!its.equals(activation)) {
            note.accept("its config.json has hidden_act = " + its.replaceAll("\\p{Cntrl}", " ") + ", this model "
                    + activation + ": its features differ until it has been trained");
        }
    }

    /**
     * A special token has the id that the weights know it by.
     *
     * @param key of the configuration; it may be absent or null
     * @param token the tokenizer's
     */
    static void requireId(@Nullable JsonNode config, String key, int id, String token) {
        JsonNode its = config == null ? MissingNode.getInstance() : config.path(key);
        if (its.isIntegralNumber() && its.asLong() != id) {
            throw new UserException("its config.json has " + key + " = " + its.asLong() + ", but " + token
                    + " of the tokenizer has id " + id + "; give the tokenizer of these weights with --tokenizer");
        }
    }

    /** @param key that can be set; empty: none */
    static void requireEpsilon(JsonNode config, double epsilon, double byDefault, String key) {
        requireEpsilon(config.path("layer_norm_eps").asDouble(byDefault), epsilon, key);
    }

    static void requireEpsilon(double its, double epsilon, String key) {
        if (its != epsilon) {
            throw new UserException("its norms add " + its + ", those of this model " + epsilon
                    + (key.isEmpty() ? "; give other weights" : "; set " + key + " = " + its));
        }
    }
}
