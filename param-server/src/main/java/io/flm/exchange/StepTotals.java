package io.flm.exchange;

/**
 * The totals of all lanes of a step, the same on every member.
 *
 * @param stop whether any member asked that this step be the last
 */
public record StepTotals(
        long[] targetCounts, double[] lossSums, long[] correctCounts, long tokens, long samples, boolean stop) {}
