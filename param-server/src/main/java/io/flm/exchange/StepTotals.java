package io.flm.exchange;

import java.util.List;

/**
 * The totals of all lanes of a step, the same on every member.
 *
 * @param targetCounts predictions of each head
 * @param lossSums summed cross entropy of each head
 * @param correctCounts predictions of each head that were right
 * @param tokens real text tokens
 * @param samples rows
 * @param stop whether any member asked that this step be the last
 */
public record StepTotals(
        long[] targetCounts, double[] lossSums, long[] correctCounts, long tokens, long samples, boolean stop) {

    /** Adds the lanes one after the other, in lane order: losses are the same bits for every assignment of lanes. */
    public static StepTotals of(List<LaneTotals> lanes, boolean stop) {
        int heads = lanes.get(0).targetCounts().length;
        long[] targetCounts = new long[heads];
        double[] lossSums = new double[heads];
        long[] correctCounts = new long[heads];
        long tokens = 0;
        long samples = 0;
        for (int index = 0; index < lanes.size(); index++) {
            LaneTotals lane = lanes.get(index);
            if (lane.lane() != index || lane.targetCounts().length != heads) {
                throw new IllegalArgumentException("lane " + lane.lane() + " with " + lane.targetCounts().length
                        + " heads, where lane " + index + " with " + heads + " was due");
            }
            for (int head = 0; head < heads; head++) {
                targetCounts[head] += lane.targetCounts()[head];
                lossSums[head] += lane.lossSums()[head];
                correctCounts[head] += lane.correctCounts()[head];
            }
            tokens += lane.tokens();
            samples += lane.samples();
        }
        return new StepTotals(targetCounts, lossSums, correctCounts, tokens, samples, stop);
    }
}
