package io.flm.worker;

import io.flm.data.CorruptionCounts;
import io.flm.exchange.StepTotals;
import io.flm.worker.model.Loss;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A committed step.
 *
 * @param step the step, from 0
 * @param loss the weighted mean loss of the global batch
 * @param totals counts and sums over all lanes
 * @param corruption how much each head of the objective predicts and may not see, over all lanes
 * @param learningRate the base rate of the step
 * @param gradientNorm of the mean loss's gradient, before it is clipped
 * @param heldOut what the weights before this step said of held-out samples; null if the step did not ask
 * @param shown what these weights said of samples that people look at; of rank 0 alone; null if the step did not ask
 * @param sources of a mixture, in their order; empty: it is none
 * @param times where its time went, validation aside
 */
public record StepResult(
        long step,
        double loss,
        StepTotals totals,
        List<CorruptionCounts> corruption,
        double learningRate,
        double gradientNorm,
        @Nullable Loss heldOut,
        @Nullable ShownSamples shown,
        List<SourceLoss> sources,
        Times times) {
    public StepResult {
        corruption = List.copyOf(corruption);
        sources = List.copyOf(sources);
    }

    /** Of a step that shows no samples. */
    public StepResult(
            long step,
            double loss,
            StepTotals totals,
            List<CorruptionCounts> corruption,
            double learningRate,
            double gradientNorm,
            @Nullable Loss heldOut,
            List<SourceLoss> sources,
            Times times) {
        this(step, loss, totals, corruption, learningRate, gradientNorm, heldOut, null, sources, times);
    }

    /** The loss of the global batch, by head of the objective. */
    public Loss byHead() {
        return new Loss(totals.targetCounts(), totals.lossSums(), totals.correctCounts());
    }

    /** Nanoseconds: waiting for batches and taking them to the device, forward, backward, waiting for the exchange, optimizer. */
    public record Times(long dataNs, long forwardNs, long backwardNs, long exchangeNs, long optimizerNs) {
        public long totalNs() {
            return dataNs + forwardNs + backwardNs + exchangeNs + optimizerNs;
        }
    }
}
