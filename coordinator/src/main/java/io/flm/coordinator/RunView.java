package io.flm.coordinator;

import io.flm.worker.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The run as its operator sees it: the body of {@code GET /api/v1/run}.
 *
 * @param state waiting, forming, training, halting, finished or failed
 * @param reason why it is in this state; never empty
 * @param step committed steps
 * @param loss of the last reported step; null before the first
 * @param samplesPerSecond lately; 0 while nothing trains
 */
public record RunView(
        String run,
        String state,
        String reason,
        long generation,
        long step,
        long totalSteps,
        @Nullable Double loss,
        double samplesPerSecond,
        List<WorkerView> workers)
        implements WireMessage {

    /**
     * A worker.
     *
     * @param rank its place in the generation; -1: not a member
     * @param lanes what it runs in each step, as {@code [from, to)}; empty: not a member
     */
    public record WorkerView(String name, String device, int rank, String lanes) implements WireMessage {}

    public RunView {
        workers = List.copyOf(workers);
    }
}
