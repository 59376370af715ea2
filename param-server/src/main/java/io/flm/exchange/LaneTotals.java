package io.flm.exchange;

/**
 * The counts and sums of one lane in one step, by head of the objective. Lanes are added in lane order.
 *
 * @param targetCounts predictions of each head
 * @param lossSums summed cross entropy of each head
 * @param correctCounts predictions of each head that were right
 * @param tokens real text tokens of the lane's batch
 * @param samples of the lane's batch
 */
public record LaneTotals(
        int lane, long[] targetCounts, double[] lossSums, long[] correctCounts, long tokens, long samples) {}
