package io.flm.coordinator;

import io.flm.worker.RunPlan;
import io.flm.worker.StepMetrics;
import java.util.function.Consumer;

/** The steps of a run from before this coordinator began, as far as its node keeps them. */
@FunctionalInterface
public interface PastSteps {
    /**
     * Tells each step, from the first; none where nothing is kept here. Reads files, and blocks.
     *
     * @throws RuntimeException if they cannot be read
     */
    void read(RunPlan plan, Consumer<StepMetrics> each);

    /** Its held-out samples that were shown, likewise; what cannot be read is left out. */
    default SampleHistory samples(RunPlan plan) {
        return new SampleHistory();
    }
}
