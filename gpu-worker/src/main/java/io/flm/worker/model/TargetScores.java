package io.flm.worker.model;

/**
 * How a head scored its targets.
 *
 * @param logProbs natural logarithm of each target's probability
 * @param best the likeliest token at each target's place
 */
public record TargetScores(float[] logProbs, int[] best) {}
