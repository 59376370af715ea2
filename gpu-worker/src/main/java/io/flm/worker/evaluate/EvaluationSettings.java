package io.flm.worker.evaluate;

import com.typesafe.config.Config;

/**
 * {@code flm.evaluate}: how much is evaluated, and how.
 *
 * @param samples the most held-out samples; 0: all
 * @param spanRate of the token measure, in [0, 1)
 * @param poolSize names among which the right one is to be found
 * @param pools of that size, without a common sample
 * @param captionSamples pictures that get a greedy caption; below 2: none
 * @param batch rows at a time, at least 2: a row's prior is what another row's picture gives
 * @param seed of the choice of samples and of the spans
 */
public record EvaluationSettings(
        int samples, double spanRate, int poolSize, int pools, int captionSamples, int batch, long seed) {

    /** Reads {@code flm.evaluate}. */
    public static EvaluationSettings from(Config root) {
        Config c = root.getConfig("flm.evaluate");
        return new EvaluationSettings(
                c.getInt("samples"),
                c.getDouble("span-rate"),
                c.getInt("pool-size"),
                c.getInt("pools"),
                c.getInt("caption-samples"),
                c.getInt("batch"),
                c.getLong("seed"));
    }
}
