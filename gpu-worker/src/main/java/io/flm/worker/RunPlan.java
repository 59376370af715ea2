package io.flm.worker;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a run is and what its operator wants of it. Every worker keeps a copy, so that a coordinator that has just started, or
 * moved, finds the plan with the workers and needs no database: of several revisions the highest holds.
 *
 * @param run the run's name, shown to users
 * @param id unique: two runs of one name differ
 * @param revision grows with every change
 * @param config the effective {@code flm {...}} configuration as text, from which a worker builds model and data
 * @param version of the program; a worker of another version is refused
 * @param hashes SHA-256 of what the configuration refers to, by a word for it ({@code data}, {@code tokenizer}); a worker with
 *     others is refused. Empty: those of the first worker that is prepared
 * @param lanes parts of the global batch, dealt to the members
 * @param totalSteps committed steps with which the run ends
 * @param deadline the run ends with the step at hand at this time, in ms since 1970; 0: none
 * @param minWorkers with fewer nothing trains
 * @param maxWorkers more are spares; 0: as many as there are lanes
 * @param codec how gradients travel between nodes
 * @param encrypted whether frames between nodes are encrypted
 * @param resume whether workers take up the newest valid checkpoint in their node's run folder
 * @param intent what the operator wants
 * @param intentReason why, in the operator's words or the program's; never empty
 * @param drained workers that are to be left out, each with the reason
 * @param ending what came of it; null: it has not finished
 */
public record RunPlan(
        String run,
        String id,
        long revision,
        String config,
        String version,
        Map<String, String> hashes,
        int lanes,
        long totalSteps,
        long deadline,
        int minWorkers,
        int maxWorkers,
        String codec,
        boolean encrypted,
        boolean resume,
        Intent intent,
        String intentReason,
        Map<String, String> drained,
        @Nullable Ending ending)
        implements WireMessage {
    /**
     * What came of a run that finished: a coordinator that moves right then finds it with the workers.
     *
     * @param loss of the last step; null: not known
     * @param weightsSha256 null: there was nothing to compare
     * @param checkpoint where it is; null: none was written
     * @param checkpointStep whose state it is
     * @param worker on whose node it is; empty: nowhere
     */
    public record Ending(
            long step,
            @Nullable Double loss,
            @Nullable String weightsSha256,
            @Nullable String checkpoint,
            long checkpointStep,
            String worker)
            implements WireMessage {}

    /** What the operator wants of a run. */
    public enum Intent {
        /** Train to the last step. */
        RUN,
        /** Halt, write a checkpoint and wait for the order to go on. */
        PAUSE,
        /** Halt, write a checkpoint and end. */
        STOP,
        /** Nothing more: it has ended as it should or was told to. */
        FINISHED,
        /** Nothing more: it could not go on. */
        FAILED
    }

    public RunPlan {
        hashes = Map.copyOf(hashes);
        drained = Map.copyOf(drained);
        if (lanes < 1 || totalSteps < 1 || minWorkers < 1) {
            throw new IllegalArgumentException(
                    "run " + run + ": lanes, steps and the least number of workers begin with 1");
        }
    }

    /** A new run that is to train: no hashes known yet, nobody drained, no deadline, plain fp32 frames. */
    public static RunPlan of(String run, String id, String config, String version, int lanes, long totalSteps) {
        return new RunPlan(
                run,
                id,
                1,
                config,
                version,
                Map.of(),
                lanes,
                totalSteps,
                0,
                1,
                0,
                "fp32",
                false,
                false,
                Intent.RUN,
                "submitted",
                Map.of(),
                null);
    }

    /** The most members that a generation may have. */
    public int mostMembers() {
        return maxWorkers > 0 ? Math.min(maxWorkers, lanes) : lanes;
    }

    /** The same as another run. */
    public RunPlan withId(String other) {
        return new RunPlan(
                run,
                other,
                revision,
                config,
                version,
                hashes,
                lanes,
                totalSteps,
                deadline,
                minWorkers,
                maxWorkers,
                codec,
                encrypted,
                resume,
                intent,
                intentReason,
                drained,
                ending);
    }

    public RunPlan withIntent(Intent next, String reason) {
        return copy(hashes, minWorkers, maxWorkers, deadline, resume, next, reason, drained, ending);
    }

    public RunPlan withHashes(Map<String, String> found) {
        return copy(found, minWorkers, maxWorkers, deadline, resume, intent, intentReason, drained, ending);
    }

    public RunPlan withWorkers(int least, int most) {
        return copy(hashes, least, most, deadline, resume, intent, intentReason, drained, ending);
    }

    public RunPlan withDeadline(long at) {
        return copy(hashes, minWorkers, maxWorkers, at, resume, intent, intentReason, drained, ending);
    }

    public RunPlan resuming(boolean fromCheckpoint) {
        return copy(hashes, minWorkers, maxWorkers, deadline, fromCheckpoint, intent, intentReason, drained, ending);
    }

    /** Leaves a worker out from the next generation on. */
    public RunPlan withDrained(String worker, String reason) {
        Map<String, String> more = new TreeMap<>(drained);
        more.put(worker, reason);
        return copy(hashes, minWorkers, maxWorkers, deadline, resume, intent, intentReason, more, ending);
    }

    /** Takes a drained worker in again. */
    public RunPlan withoutDrained(String worker) {
        Map<String, String> fewer = new TreeMap<>(drained);
        fewer.remove(worker);
        return copy(hashes, minWorkers, maxWorkers, deadline, resume, intent, intentReason, fewer, ending);
    }

    /** The run has finished, and this came of it. */
    public RunPlan finished(Ending what, String reason) {
        return copy(hashes, minWorkers, maxWorkers, deadline, resume, Intent.FINISHED, reason, drained, what);
    }

    private RunPlan copy(
            Map<String, String> h,
            int least,
            int most,
            long at,
            boolean r,
            Intent i,
            String why,
            Map<String, String> d,
            @Nullable Ending e) {
        return new RunPlan(
                run,
                id,
                revision + 1,
                config,
                version,
                h,
                lanes,
                totalSteps,
                at,
                least,
                most,
                codec,
                encrypted,
                r,
                i,
                why,
                d,
                e);
    }
}
