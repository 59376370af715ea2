package io.flm.worker;

import io.flm.exchange.StepTotals;

/**
 * A committed step.
 *
 * @param step the step, from 0
 * @param loss the weighted mean loss of the global batch
 * @param totals counts and sums over all lanes
 * @param learningRate the base rate of the step
 * @param times where its time went
 */
public record StepResult(long step, double loss, StepTotals totals, double learningRate, Times times) {
    /** Nanoseconds: waiting for batches and taking them to the device, forward, backward, waiting for the exchange, optimizer. */
    public record Times(long dataNs, long forwardNs, long backwardNs, long exchangeNs, long optimizerNs) {
        public long totalNs() {
            return dataNs + forwardNs + backwardNs + exchangeNs + optimizerNs;
        }
    }
}
