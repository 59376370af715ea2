package io.flm.worker.train;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.Objective;
import io.flm.worker.optimize.OptimizerSettings;
import io.flm.worker.optimize.Schedule;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * {@code flm.train}: what is trained, for how long, and how a step is divided into lanes.
 *
 * @param objective what is predicted, with its own settings
 * @param lanes parts of the global batch; at most this many workers
 * @param microBatch samples of a lane in a step; the global batch is lanes * microBatch
 * @param steps updates in all; the length of the schedule
 * @param minutes wall time after which the run stops after the step at hand; 0: no limit
 * @param warmupSteps steps of linear warm-up
 * @param clipNorm largest global gradient norm; 0: no clipping
 * @param fastLrFactor rate of cross-modal, fusion and head parameters over the base rate
 * @param recompute whether backward computes parts of forward again
 */
public record TrainSettings(
        Objective objective,
        int lanes,
        int microBatch,
        long steps,
        double minutes,
        long seed,
        double learningRate,
        Schedule.Shape schedule,
        long warmupSteps,
        double weightDecay,
        double clipNorm,
        double beta1,
        double beta2,
        double epsilon,
        double fastLrFactor,
        Precision precision,
        boolean recompute) {

    /** Reads and checks {@code flm.train}. */
    public static TrainSettings from(Config root) {
        Config c = root.getConfig("flm.train");
        long steps = atLeast("steps", c.getLong("steps"), 1);
        long warmupSteps = c.getLong("warmup-steps");
        return new TrainSettings(
                Objectives.from(c),
                (int) atLeast("lanes", c.getInt("lanes"), 1),
                (int) atLeast("micro-batch", c.getInt("micro-batch"), 1),
                steps,
                notNegative("minutes", c.getDouble("minutes")),
                c.getLong("seed"),
                notNegative("learning-rate", c.getDouble("learning-rate")),
                oneOf("schedule", c.getString("schedule"), Schedule.Shape.class),
                warmupSteps >= 0
                        ? warmupSteps
                        : (long) (fraction("warmup-fraction", c.getDouble("warmup-fraction")) * steps),
                notNegative("weight-decay", c.getDouble("weight-decay")),
                notNegative("clip-norm", c.getDouble("clip-norm")),
                fraction("beta1", c.getDouble("beta1")),
                fraction("beta2", c.getDouble("beta2")),
                notNegative("eps", c.getDouble("eps")),
                notNegative("fast-lr-factor", c.getDouble("fast-lr-factor")),
                oneOf("precision", c.getString("precision"), Precision.class),
                c.getBoolean("recompute"));
    }

    /** The learning rate of each step. */
    public Schedule learningRates() {
        return new Schedule(schedule, learningRate, warmupSteps, steps);
    }

    public OptimizerSettings optimizer() {
        return new OptimizerSettings(beta1, beta2, epsilon, weightDecay, clipNorm, fastLrFactor);
    }

    public int globalBatch() {
        return lanes * microBatch;
    }

    private static double fraction(String key, double value) {
        if (value >= 0 && value < 1) {
            return value;
        }
        throw new UserException("flm.train." + key + " = " + value + ": give a rate in [0, 1)");
    }

    private static double notNegative(String key, double value) {
        if (value >= 0 && value < Double.POSITIVE_INFINITY) {
            return value;
        }
        throw new UserException("flm.train." + key + " = " + value + ": give a number of at least 0");
    }

    private static long atLeast(String key, long value, long least) {
        if (value >= least) {
            return value;
        }
        throw new UserException("flm.train." + key + " = " + value + ": give at least " + least);
    }

    private static <E extends Enum<E>> E oneOf(String key, String value, Class<E> type) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(value)) {
                return constant;
            }
        }
        String known = Arrays.stream(type.getEnumConstants())
                .map(e -> e.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        throw new UserException("flm.train." + key + " = " + value + ": give one of " + known);
    }
}
