package io.flm.launch.compare;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A score of a task, higher is better.
 *
 * @param key in the report's JSON
 * @param title for people
 * @param of the keys of an evaluation's JSON whose mean it is
 * @param percent whether it is a share
 */
record Measure(String key, String title, List<String> of, boolean percent) {
    Measure {
        of = List.copyOf(of);
    }

    static Measure share(String key, String title, String... of) {
        return new Measure(key, title, List.of(of), true);
    }

    /** What an evaluation says of it; empty where the model gives none. */
    OptionalDouble in(JsonNode evaluation) {
        double sum = 0;
        for (String part : of) {
            JsonNode value = evaluation.path(part);
            if (!value.isNumber()) {
                return OptionalDouble.empty();
            }
            sum += value.asDouble();
        }
        return OptionalDouble.of(sum / of.size());
    }
}
