package io.flm.worker;

import io.flm.data.BrokenShards;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The trainer of one device, as a {@link Worker} drives it: no call blocks. What comes of a call is told to its listener, from any
 * thread. The real one is a {@link TrainerThread}, which makes the calls of a {@link BlockingTrainer}; a simulated one runs in
 * virtual time.
 *
 * <p>{@code prepare} ends with {@code Prepared} or {@code Refused}; {@code enter} with {@code Entered}, any number of {@code
 * Progressed}, and then {@code Ended} or {@code Failed} (which may also come without {@code Entered}); {@code save} with {@code
 * Saved} or {@code SaveFailed}; {@code hash} with {@code Hashed} or {@code Failed}.
 */
public interface AsyncTrainer extends AutoCloseable {
    /** What comes of a call. */
    sealed interface Event {}

    /**
     * Model and data are built.
     *
     * @param hashes SHA-256 of what was read, by a word for it
     */
    record Prepared(Map<String, String> hashes) implements Event {}

    /** The plan cannot be carried out here; the reason says what, where and what to do. */
    record Refused(String reason) implements Event {}

    /** The state of the generation's first step is taken up, {@code how} says from where; the first step begins. */
    record Entered(String how) implements Event {}

    /**
     * A step was committed; told a few times a second at most.
     *
     * @param result the last committed step
     * @param heads of the objective, over the global batch
     * @param rates over the time since the last such event
     * @param steps of rank 0 those committed since then, the newest of them, of others none
     */
    record Progressed(StepResult result, List<Head> heads, Rates rates, List<StepMetrics> steps) implements Event {}

    /** What the weights said of held-out samples that people look at; of rank 0, with the next {@code Progressed}, the newest. */
    record Shown(ShownSamples samples) implements Event {}

    /**
     * Means over the predictions of one head.
     *
     * @param name as users know it: {@code rec}, {@code l2r}
     * @param predictionRate the share of tokens that it predicts, measured since the run was prepared here; null if it predicts no tokens
     * @param corruptionRate the share of what a predicted token could see that it may not see, likewise
     */
    record Head(
            String name,
            double loss,
            double accuracy,
            @Nullable Double predictionRate,
            @Nullable Double corruptionRate) implements WireMessage {}

    /**
     * How fast it goes.
     *
     * @param laneMs of this worker alone: waiting for batches, forward and backward, divided by its lanes
     * @param shares of this worker's time
     * @param traffic of this worker's node
     */
    record Rates(double samplesPerSecond, double tokensPerSecond, double laneMs, Shares shares, Traffic traffic)
            implements WireMessage {}

    /** What the exchange of this worker's node sends to other nodes, and gets of them, for all workers of the node together. */
    record Traffic(double sentBytesPerSecond, double receivedBytesPerSecond) implements WireMessage {
        /** Nothing. */
        public static final Traffic NONE = new Traffic(0, 0);
    }

    /** Shares of a worker's steps that add up to 1: waiting for batches, forward, backward, waiting for the others, the update. */
    record Shares(double data, double forward, double backward, double exchange, double optimizer)
            implements WireMessage {
        /** Forward and backward. */
        public double compute() {
            return forward + backward;
        }
    }

    /** The generation's last step was committed: that of the run, or the one with the stop flag. */
    record Ended(long committedSteps) implements Event {}

    /**
     * The generation cannot go on here. The state of the last committed step is kept, unless the kind is {@code BROKEN}.
     *
     * @param lostNodes the nodes that the exchange has lost, if it knows; this node itself, if its own exchange failed
     */
    record Failed(FailureKind kind, String cause, List<String> lostNodes) implements Event {}

    /** The state of {@code step} committed steps is on disk at {@code where}. */
    record Saved(long step, String where) implements Event {}

    /** The checkpoint could not be written; the reason says what, where and what to do. */
    record SaveFailed(String reason) implements Event {}

    /** SHA-256 over the weights after {@code step} committed steps. */
    record Hashed(long step, String weightsSha256) implements Event {}

    /** Builds model and data of a run; those of an earlier run are released first. */
    void prepare(RunPlan plan, Consumer<Event> listener);

    /** Enters a generation of the prepared run and trains until it ends. */
    void enter(Generation generation, int rank, Consumer<Event> listener);

    /** Raises the stop flag on the next reduction: all members stop after the same step, soon. */
    void requestStop();

    /** Ends this generation at once: frees a trainer that waits. The step at hand is not committed. */
    void abandon(long generation, String reason);

    /** Writes a checkpoint of the committed state: now, or while steps run at the next commit. */
    void save(Consumer<Event> listener);

    /** Hashes the weights of the committed state. Only outside of a generation. */
    void hash(Consumer<Event> listener);

    /**
     * The number of committed steps whose state this holds: in memory; before the first generation on disk; 0 if it begins with
     * weights from the seed, which all have.
     */
    long committedSteps();

    /** The shards that the state leaves out, and those that the last generation failed for. */
    BrokenShards brokenShards();

    /** Ends after the step at hand and releases everything. */
    @Override
    void close();
}
