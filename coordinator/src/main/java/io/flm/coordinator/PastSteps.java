package io.flm.coordinator;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.worker.RunPlan;
import io.flm.worker.StepMetrics;
import java.util.List;
import java.util.function.Consumer;

/** What happened to a run before this coordinator began, as far as its node keeps it. All of it reads or writes files, and blocks. */
@FunctionalInterface
public interface PastSteps {
    /**
     * Tells each step, from the first; none where nothing is kept here.
     *
     * @throws RuntimeException if they cannot be read
     */
    void read(RunPlan plan, Consumer<StepMetrics> each);

    /** Its held-out samples that were shown, likewise; what cannot be read is left out. */
    default SampleHistory samples(RunPlan plan) {
        return new SampleHistory();
    }

    /** Its generations, oldest first, likewise. */
    default List<GenerationView> generations(RunPlan plan) {
        return List.of();
    }

    /** Keeps a generation for the next coordinator. */
    default void keep(RunPlan plan, GenerationView generation) {}
}
