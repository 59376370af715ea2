package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.flm.data.PlainText;
import io.flm.data.UserException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a {@code config.json} of the transformers package says of a model, which its shapes do not. Absent keys have defaults. */
final class HuggingFaceConfig {
    private static final String HEADS = "num_attention_heads";
    private static final String POSITIONS = "position_embedding_type";
    private static final String ABSOLUTE = "absolute";

    private HuggingFaceConfig() {}

    static void requireHeads(JsonNode config, int heads, int byDefault, String key) {
        JsonNode its = value(config, HEADS, JsonNode::isIntegralNumber, "a whole number");
        if (its.isMissingNode() ? byDefault != heads : !is(its, heads)) {
            throw new UserException("its config.json "
                    + (its.isMissingNode()
                            ? "says no " + HEADS + ", which is " + byDefault + " then"
                            : "has " + HEADS + " = " + shown(its))
                    + ", but " + key + " = " + heads + "; set that");
        }
    }

    static String activation(JsonNode config, String byDefault) {
        return value(config, "hidden_act", JsonNode::isTextual, "a text").asText(byDefault);
    }

    static void compareActivation(JsonNode config, String activation, String byDefault, Consumer<String> note) {
        String its = activation(config, byDefault);
        if (!its.equals(activation)) {
            note.accept("its config.json has hidden_act = " + its + ", this model " + activation
                    + ": its features differ until it has been trained");
        }
    }

    /** Where positions are counted from each other, each layer adds something that this model does not. */
    static void requireAbsolutePositions(JsonNode config) {
        String its = value(config, POSITIONS, JsonNode::isTextual, "a text").asText(ABSOLUTE);
        if (!its.equals(ABSOLUTE)) {
            throw new UserException("its config.json has " + POSITIONS + " = " + its + ", where this model knows "
                    + ABSOLUTE + " ones; give other weights");
        }
    }

    /** What the configuration has under a key; missing: nothing, or null. */
    private static JsonNode value(JsonNode config, String key, Predicate<JsonNode> fits, String wanted) {
        JsonNode value = config.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return MissingNode.getInstance();
        }
        if (!fits.test(value)) {
            throw new UserException("its config.json has " + key + " = " + shown(value) + ", where " + wanted
                    + " is wanted; take another copy");
        }
        return value;
    }

    /** A number may have any number of digits: of the lowest 64 bits alone it could be another one. */
    private static boolean is(JsonNode number, long expected) {
        return number.canConvertToLong() && number.asLong() == expected;
    }

    private static String shown(JsonNode value) {
        return value.isContainerNode() ? "a list or an object" : PlainText.of(value.asText());
    }

    /**
     * A special token has the id that the weights know it by.
     *
     * @param key of the configuration; it may be absent or null
     * @param token the tokenizer's
     */
    static void requireId(@Nullable JsonNode config, String key, int id, String token) {
        JsonNode its = config == null ? MissingNode.getInstance() : config.path(key);
        if (its.isIntegralNumber() && !is(its, id)) {
            throw new UserException("its config.json has " + key + " = " + shown(its) + ", but " + token
                    + " of the tokenizer has id " + id + "; give the tokenizer of these weights with --tokenizer");
        }
    }

    /** @param key that can be set; empty: none */
    static void requireEpsilon(JsonNode config, double epsilon, double byDefault, String key) {
        JsonNode its = value(config, "layer_norm_eps", JsonNode::isNumber, "a number");
        requireEpsilon(its.asDouble(byDefault), epsilon, key);
    }

    static void requireEpsilon(double its, double epsilon, String key) {
        if (its != epsilon) {
            throw new UserException("its norms add " + its + ", those of this model " + epsilon
                    + (key.isEmpty() ? "; give other weights" : "; set " + key + " = " + its));
        }
    }
}
