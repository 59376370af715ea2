package io.flm.coordinator.http;

import io.flm.worker.StepMetrics;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The runs whose folders a node has beside each other, the one at hand among them. Both calls read files, and block. */
public interface KeptRuns {
    /** The most that are told. */
    int MOST = 200;

    /** Of a node that keeps none. */
    KeptRuns NONE = new KeptRuns() {
        @Override
        public List<KeptRun> newest() {
            return List.of();
        }

        @Override
        public void steps(String run, Consumer<StepMetrics> each) {}
    };

    /**
     * A run as it ended, or as its command last saw it.
     *
     * @param run its folder's name
     * @param state as {@code flm runs} says; of one that ended early {@code stopped}
     * @param loss null: not known
     * @param workedOnAt in milliseconds since 1970
     */
    record KeptRun(
            String run,
            String state,
            String reason,
            long step,
            long totalSteps,
            @Nullable Double loss,
            long workedOnAt) {}

    /** At most {@link #MOST}, the one that was worked on last first. */
    List<KeptRun> newest();

    /**
     * Tells the steps of a run, in order; none of one that is not there.
     *
     * @throws RuntimeException if they cannot be read
     */
    void steps(String run, Consumer<StepMetrics> each);
}
