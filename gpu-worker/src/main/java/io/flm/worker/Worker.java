package io.flm.worker;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import io.flm.data.BrokenShards;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Drives one device: the protocol. The states are in {@link WorkerStates}, what they have in common in {@link WorkerState}.
 *
 * <pre>
 * Idle --Prepare--> Preparing --prepared--> Waiting --Join--> Entering --entered--> Training --last step--> Waiting
 *                       |                                        |                     |
 *                       |                                        +-- Abandon --> Leaving (until the trainer is free)
 *                       |                                        +-- failed ---> Waiting, the state of the last
 *                       |                                        |               committed step stays in memory
 *                       +--refused--> Unfit <--- device broke ---+
 * </pre>
 *
 * <p>An order may be lost, doubled or late. So every order may be given again: a worker that has obeyed it already says again
 * what came of it. Orders carry the epoch of the coordinator, which grows with each new one: an order of an older epoch, or for
 * an older generation, is refused and logged. The sender of the newest order gets the reports.
 */
public final class Worker {
    /** Under which workers register. */
    public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "flm-worker");

    /** What a worker understands. */
    public sealed interface Command permits Order, WorkerState.Internal {}

    /** What a coordinator may ask. */
    public sealed interface Order extends Command, WireMessage {
        /** Of the coordinator; 0 if it has just started and does not know the last one's yet. */
        long epoch();

        ActorRef<Report> replyTo();
    }

    /**
     * Asks for a description: answered with {@link Described} in every state at once. If a generation has ended here, {@link Halted} or
     * {@link Failed} comes before, again, in case it was lost.
     *
     * @param withPlan whether the answer is to hold the plan
     */
    public record Describe(long epoch, boolean withPlan, ActorRef<Report> replyTo) implements Order {}

    /**
     * Builds what the plan's run needs; or, of the run at hand, keeps a newer revision of the plan. Answered with {@link
     * Described}: at once if there is nothing to build, and again when it is built or refused.
     */
    public record Prepare(long epoch, RunPlan plan, ActorRef<Report> replyTo) implements Order {}

    /** Enters a generation. Answered with {@link Joined} once the state of the first step is taken up. */
    public record Join(long epoch, Generation generation, ActorRef<Report> replyTo) implements Order {}

    /** Asks that all members stop after the same step, soon; the request rides on the reduction of a step. */
    public record Halt(long epoch, long generation, String reason, ActorRef<Report> replyTo) implements Order {}

    /**
     * Leaves the generation without waiting for a step to end; it, or an older one, is not entered any more. Answered with
     * {@link Described}, and {@link Failed} or {@link Halted} once the trainer is free.
     */
    public record Abandon(long epoch, long generation, String reason, ActorRef<Report> replyTo) implements Order {}

    /** Writes a checkpoint: now, or while steps run at the next commit. Answered with {@link Saved} or {@link SaveFailed}. */
    public record Save(long epoch, ActorRef<Report> replyTo) implements Order {}

    /** Hashes the weights; only while waiting. Answered with {@link Hashed}. */
    public record Hash(long epoch, ActorRef<Report> replyTo) implements Order {}

    /** What a worker tells the one that gave it orders. */
    public sealed interface Report extends WireMessage {
        /** The worker's name. */
        String worker();
    }

    /** A report that means nothing outside of its generation. */
    public sealed interface GenerationReport extends Report {
        long generation();
    }

    /** Where a worker stands. */
    public enum Phase {
        /** It has no run. */
        IDLE,
        /** It builds model and data. */
        PREPARING,
        /** It is ready for a generation. */
        WAITING,
        /** It takes up the state of a generation's first step. */
        ENTERING,
        /** It runs steps. */
        TRAINING,
        /** It has abandoned its generation, and its trainer is not free yet. */
        LEAVING,
        /** The plan was refused, or the device broke: no member of this run any more. */
        UNFIT
    }

    /**
     * A worker, and its state.
     *
     * @param self takes orders
     * @param endpoint where its node's exchange is reached; empty: in this process only
     * @param version of the program
     * @param epoch the highest that it has seen
     * @param run the id of its run; empty: none
     * @param revision of its plan; 0: none
     * @param plan if asked for, and there is one
     * @param hashes SHA-256 of what it has read for the run; empty: not prepared
     * @param generation that it is in; null: in none
     * @param lastGeneration the highest number that it has seen
     * @param steps the committed steps whose state it holds, in memory, in a checkpoint or by the seed
     * @param broken the shards that this state leaves out, and those that its last step failed for
     * @param laneMs its time for one lane of a step; 0: not measured
     * @param reason why it is in this phase; never empty
     */
    public record Described(
            String worker,
            ActorRef<Command> self,
            String node,
            String device,
            String endpoint,
            String version,
            long epoch,
            Phase phase,
            String run,
            long revision,
            @Nullable RunPlan plan,
            Map<String, String> hashes,
            @Nullable Generation generation,
            long lastGeneration,
            long steps,
            BrokenShards broken,
            double laneMs,
            String reason)
            implements Report {}

    /** The state of the generation's first step is taken up, and steps begin. */
    public record Joined(String worker, long generation) implements GenerationReport {}

    /**
     * Steps are committed. Rank 0 tells so a few times a second, the others every couple of seconds.
     *
     * @param step the last committed one, from 0
     * @param loss the weighted mean of the global batch
     * @param steps of rank 0 those committed since it told so last, the newest of them; of others none
     */
    public record Progressed(
            String worker,
            long generation,
            long step,
            double loss,
            List<AsyncTrainer.Head> heads,
            AsyncTrainer.Rates rates,
            List<StepMetrics> steps)
            implements GenerationReport {}

    /**
     * A held-out sample that people look at. Rank 0 tells of each before its first {@link Predicted} of a generation, and to a new
     * coordinator again.
     *
     * @param number of it, from 0
     */
    public record Showing(String worker, long generation, int number, ShownSamples.Sample sample)
            implements GenerationReport {}

    /** What the weights said of these samples; of rank 0. */
    public record Predicted(String worker, long generation, ShownSamples.Predictions predictions)
            implements GenerationReport {}

    /** All members stopped after the same step: the run's last, or the one with the stop flag. Nothing is saved yet. */
    public record Halted(String worker, long generation, long committedSteps, String reason)
            implements GenerationReport {}

    /**
     * The worker cannot go on in this generation; it waits for another one, or is unfit if the kind is {@code BROKEN}.
     *
     * @param cause says what, where and what to do
     * @param lostNodes the nodes that its exchange has lost, if it knows; its own node, if its own exchange failed
     */
    public record Failed(
            String worker, long generation, long committedSteps, FailureKind kind, String cause, List<String> lostNodes)
            implements GenerationReport {}

    /** The state of {@code step} committed steps is on the disk of the worker's node. */
    public record Saved(String worker, long step, String where) implements Report {}

    /** The checkpoint could not be written; the reason says what, where and what to do. */
    public record SaveFailed(String worker, String reason) implements Report {}

    /** SHA-256 over the weights after {@code step} committed steps. */
    public record Hashed(String worker, long step, String weightsSha256) implements Report {}

    /**
     * What a worker is, for as long as it lives.
     *
     * @param name unique in the cluster
     * @param node the name of its node
     * @param device shown to users
     * @param endpoint where its node's exchange is reached, and what lets streams in there; empty: in this process only
     * @param version of the program
     */
    public record Identity(String name, String node, String device, String endpoint, String version) {}

    private Worker() {}

    /** A worker that registers with the receptionist. The trainer is closed with the actor. */
    public static Behavior<Command> create(Identity identity, AsyncTrainer trainer) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            return unlisted(identity, trainer);
        });
    }

    /** A worker that no receptionist lists: its coordinator is told of it. */
    public static Behavior<Command> unlisted(Identity identity, AsyncTrainer trainer) {
        return Behaviors.setup(context -> WorkerStates.first(context, identity, trainer));
    }
}
