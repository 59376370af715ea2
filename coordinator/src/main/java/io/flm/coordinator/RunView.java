package io.flm.coordinator;

import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Shares;
import io.flm.worker.AsyncTrainer.Traffic;
import io.flm.worker.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The run as its operator sees it: the body of {@code GET /api/v1/run}.
 *
 * @param run its name; empty: there is none
 * @param id of its plan; empty: there is none
 * @param state one of {@link #STATES}
 * @param reason why it is in this state; never empty
 * @param generation the number of the newest; 0: none yet
 * @param step committed steps
 * @param loss of the last reported step; null before the first
 * @param heads loss and accuracy of each head at that step, and its rates
 * @param samplesPerSecond lately; 0 while nothing trains
 * @param tokensPerSecond likewise
 * @param secondsLeft until the last step, or the run's time limit, as fast as its generation was so far; null: not known
 * @param timeShares where rank 0 spent its time lately; null before the first report
 * @param weightsSha256 of the members, where it was last compared; null before
 * @param checkpoint the newest that was asked for; null before
 * @param notes what the operator should know though training goes on, newest last
 * @param workers all that are known, those without a part in the run too
 */
public record RunView(
        String run,
        String id,
        String state,
        String reason,
        long generation,
        long step,
        long totalSteps,
        @Nullable Double loss,
        List<Head> heads,
        double samplesPerSecond,
        double tokensPerSecond,
        @Nullable Double secondsLeft,
        @Nullable Shares timeShares,
        int minWorkers,
        int maxWorkers,
        @Nullable String weightsSha256,
        @Nullable CheckpointView checkpoint,
        List<String> notes,
        List<WorkerView> workers)
        implements WireMessage {
    /** All that {@link #state} may be. */
    public static final List<String> STATES = List.of(
            "discovering",
            "idle",
            "waiting",
            "forming",
            "training",
            "halting",
            "regrouping",
            "saving",
            "paused",
            "finished",
            "failed");

    /**
     * A worker.
     *
     * @param state as the worker says, or silent, set aside, refused, drained or spare, as the coordinator does
     * @param rank its place in the generation; -1: not a member
     * @param lanes what it runs in each step, as {@code [from, to)}; empty: not a member
     * @param laneMs its time for one lane of a step; 0: not measured
     * @param generation that it is in; 0: none
     * @param steps the committed steps whose state it holds
     * @param reason why it is in this state; never empty
     * @param timeShares where its steps spent their time lately; null: not a member, or it has not told
     * @param traffic of its node's exchange with other nodes lately; null likewise
     */
    public record WorkerView(
            String name,
            String node,
            String device,
            String state,
            int rank,
            String lanes,
            double laneMs,
            long generation,
            long steps,
            String reason,
            @Nullable Shares timeShares,
            @Nullable Traffic traffic)
            implements WireMessage {}

    /**
     * A checkpoint on the disk of a worker's node.
     *
     * @param step committed steps
     */
    public record CheckpointView(long step, String path, String worker) implements WireMessage {}

    public RunView {
        heads = List.copyOf(heads);
        notes = List.copyOf(notes);
        workers = List.copyOf(workers);
    }

    /** Whether the run has ended, as it should, as it was told to, or by a failure. */
    public boolean ended() {
        return state.equals("finished") || state.equals("failed");
    }

    /** Whether it was told to end before its last step, so that there is something to go on with; its time limit is its end. */
    public boolean endedEarly() {
        return state.equals("finished") && step < totalSteps && !reason.equals(PlanChanges.TIME_LIMIT);
    }
}
