package io.flm.worker.model;

import io.flm.data.TokenTargets;
import java.util.Arrays;
import java.util.List;

/**
 * Cross entropy and right predictions, by head. Sums, not means: lanes and batches predict different numbers of tokens, so only
 * sums can be added.
 *
 * <p>The loss of a step is the mean over all its predictions, each with the weight of its head: sum(w_h * CE_h) / sum(w_h *
 * N_h), FLM (arXiv 2303.14038) eq. 5. The denominator is {@link #weight}, the whole {@link #mean(double[])}.
 *
 * @param targetCounts N, predictions
 * @param sums summed cross entropy
 * @param correctCounts predictions that were right
 */
public record Loss(long[] targetCounts, double[] sums, long[] correctCounts) {
    /** Of no predictions. */
    public static Loss none(int heads) {
        return new Loss(new long[heads], new double[heads], new long[heads]);
    }

    /** Of targets whose scores are known. */
    public static Loss of(List<TokenTargets> heads, List<TargetScores> scores) {
        Loss loss = none(heads.size());
        for (int head = 0; head < heads.size(); head++) {
            int[] expected = heads.get(head).ids();
            TargetScores its = scores.get(head);
            loss.targetCounts[head] = expected.length;
            for (int k = 0; k < expected.length; k++) {
                loss.sums[head] -= its.logProbs()[k];
                loss.correctCounts[head] += its.best()[k] == expected[k] ? 1 : 0;
            }
        }
        return loss;
    }

    /** The weight of each prediction, one head after another. */
    static float[] weights(long[] targetCounts, double[] headWeights) {
        float[] weights = new float[(int) Arrays.stream(targetCounts).sum()];
        int at = 0;
        for (int head = 0; head < headWeights.length; head++) {
            int to = at + (int) targetCounts[head];
            Arrays.fill(weights, at, to, (float) headWeights[head]);
            at = to;
        }
        return weights;
    }

    public Loss plus(Loss other) {
        Loss both = none(sums.length);
        for (int head = 0; head < sums.length; head++) {
            both.targetCounts[head] = targetCounts[head] + other.targetCounts[head];
            both.sums[head] = sums[head] + other.sums[head];
            both.correctCounts[head] = correctCounts[head] + other.correctCounts[head];
        }
        return both;
    }

    /** Mean cross entropy of a head. */
    public double mean(int head) {
        return sums[head] / Math.max(1, targetCounts[head]);
    }

    /** The share of a head's predictions that were right. */
    public double accuracy(int head) {
        return (double) correctCounts[head] / Math.max(1, targetCounts[head]);
    }

    /** What the gradient of the sums is divided by. */
    public double weight(double[] headWeights) {
        double weight = 0;
        for (int head = 0; head < sums.length; head++) {
            weight += headWeights[head] * targetCounts[head];
        }
        return weight;
    }

    /** What is divided by it. */
    public double weightedSum(double[] headWeights) {
        double sum = 0;
        for (int head = 0; head < sums.length; head++) {
            sum += headWeights[head] * sums[head];
        }
        return sum;
    }

    /** The loss. */
    public double mean(double[] headWeights) {
        return weightedSum(headWeights) / weight(headWeights);
    }
}
