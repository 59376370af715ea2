package io.flm.worker.model;

import io.flm.data.Targets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a head scored its targets.
 *
 * @param logProbs natural logarithm of each target's probability
 * @param best the likeliest token at each target's place
 */
public record TargetScores(float[] logProbs, int[] best) {
    /** Takes apart what a kernel says of the targets of all heads, one head after another. */
    static List<TargetScores> byHead(List<Targets> heads, float[] logProbs, long[] best) {
        List<TargetScores> scores = new ArrayList<>();
        int at = 0;
        for (Targets targets : heads) {
            int to = at + targets.count();
            scores.add(new TargetScores(
                    Arrays.copyOfRange(logProbs, at, to),
                    Arrays.stream(best, at, to).mapToInt(Math::toIntExact).toArray()));
            at = to;
        }
        return scores;
    }
}
