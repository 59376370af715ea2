package io.flm.worker.model;

import io.flm.data.Targets;
import io.flm.data.TextBatch;
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
    /**
     * How likely each row is: the sum over its targets' logarithms. Of a batch that asks for all tokens of its texts, that is how
     * likely a text is.
     *
     * @param batch that was scored
     * @param head whose scores these are; one that predicts tokens
     */
    public double[] ofRows(TextBatch batch, int head) {
        double[] sums = new double[batch.rows()];
        int[] positions = batch.tokens(head).positions();
        for (int k = 0; k < positions.length; k++) {
            sums[positions[k] / batch.length()] += logProbs[k];
        }
        return sums;
    }

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
