package io.flm.data.annotation;

import java.util.List;

/**
 * An example that is written down: its pictures by their keys, its texts, and what is known of it.
 *
 * @param id for messages and predictions
 * @param pictureKeys in their order
 * @param texts that are true of it; a visit draws one
 * @param labels the number of a class, or a score for each; empty if nothing is known
 */
public record Annotated(String id, List<String> pictureKeys, List<String> texts, float[] labels) {
    public Annotated {
        pictureKeys = List.copyOf(pictureKeys);
        texts = List.copyOf(texts);
    }
}
