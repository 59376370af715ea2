package io.flm.worker.train;

import com.typesafe.config.Config;
import io.flm.worker.model.Precision;
import io.flm.worker.objective.Objective;
import io.flm.worker.optimize.OptimizerSettings;
import io.flm.worker.optimize.Schedule;
import java.util.Locale;

/**
 * {@code flm.train}: what is trained, for how long, and how a step is divided into lanes.
 *
 * @param objective what is predicted, with its own settings
 * @param leavesReconstructor whether a task does without the reconstructor that pretraining had
 * @param lanes parts of the global batch; at most this many workers
 * @param microBatch samples of a lane in a step; the global batch is lanes * microBatch
 * @param steps updates in all; the length of the schedule
 * @param minutes wall time after which the run stops after the step at hand; 0: no limit
 * @param warmupSteps steps of linear warm-up
 * @param clipNorm largest global gradient norm; 0: no clipping
 * @param fastLrFactor rate of cross-modal and reconstructor parameters over the base rate
 * @param headLrFactor rate of head parameters over the base rate
 * @param layerLrDecay factor of the rate for each layer further below the heads; 1: none
 * @param recompute whether backward computes parts of forward again
 */
public record TrainSettings(
        Objective objective,
        boolean leavesReconstructor,
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
        double headLrFactor,
        double layerLrDecay,
        Precision precision,
        boolean recompute) {

    /** Reads {@code flm.train}, and of {@code flm.task} what a task makes of the objective. */
    public static TrainSettings from(Config root) {
        Config c = root.getConfig("flm.train");
        long steps = c.getLong("steps");
        long warmupSteps = c.getLong("warmup-steps");
        double fastLrFactor = c.getDouble("fast-lr-factor");
        double headLrFactor = c.getDouble("head-lr-factor");
        Objective pretrained = Objectives.from(c);
        Objective objective =
                Tasks.of(root).map(task -> task.objective(pretrained)).orElse(pretrained);
        return new TrainSettings(
                objective,
                pretrained.parts().reconstructor() && !objective.parts().reconstructor(),
                c.getInt("lanes"),
                c.getInt("micro-batch"),
                steps,
                c.getDouble("minutes"),
                c.getLong("seed"),
                c.getDouble("learning-rate"),
                Schedule.Shape.valueOf(c.getString("schedule").toUpperCase(Locale.ROOT)),
                warmupSteps >= 0 ? warmupSteps : (long) (c.getDouble("warmup-fraction") * steps),
                c.getDouble("weight-decay"),
                c.getDouble("clip-norm"),
                c.getDouble("beta1"),
                c.getDouble("beta2"),
                c.getDouble("eps"),
                fastLrFactor,
                headLrFactor >= 0 ? headLrFactor : fastLrFactor,
                c.getDouble("layer-lr-decay"),
                Precision.valueOf(c.getString("precision").toUpperCase(Locale.ROOT)),
                c.getBoolean("recompute"));
    }

    /** The learning rate of each step. */
    public Schedule learningRates() {
        return new Schedule(schedule, learningRate, warmupSteps, steps);
    }

    public OptimizerSettings optimizer() {
        return new OptimizerSettings(
                beta1, beta2, epsilon, weightDecay, clipNorm, fastLrFactor, headLrFactor, layerLrDecay);
    }

    public int globalBatch() {
        return lanes * microBatch;
    }
}
