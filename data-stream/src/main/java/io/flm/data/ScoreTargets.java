package io.flm.data;

import java.util.Arrays;
import java.util.List;

/**
 * A score in [0, 1] for each of A answers, for each of N rows.
 *
 * @param rows of the batch
 * @param scores [N][A]
 */
public record ScoreTargets(int[] rows, List<float[]> scores) implements Targets {
    public ScoreTargets {
        scores = List.copyOf(scores);
        if (rows.length != scores.size()) {
            throw new IllegalArgumentException(rows.length + " rows, but scores of " + scores.size());
        }
    }

    @Override
    public int count() {
        return rows.length;
    }

    @Override
    public ScoreTargets moved(int by, int before, int after) {
        return new ScoreTargets(Arrays.stream(rows).map(r -> r + by).toArray(), scores);
    }
}
