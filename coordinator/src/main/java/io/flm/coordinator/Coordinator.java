package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.flm.worker.RunPlan;
import io.flm.worker.WireMessage;
import io.flm.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * Brings runs about: the protocol. The cluster has one coordinator at a time; commands may be sent from any node. Each of
 * its states is a class of this package; docs/architecture.md has the table of their transitions.
 */
public final class Coordinator {
    /** What a coordinator understands. */
    public sealed interface Command permits Request, Listed, Reported, State.Tick, State.PastRead {}

    /** What an operator may ask. */
    public sealed interface Request extends Command, WireMessage {}

    /** A request that changes what the run does. It gets an {@link Answer}. */
    public sealed interface Change extends Request {
        ActorRef<Answer> replyTo();
    }

    /** Asks for the run as it stands. */
    public record GetRun(ActorRef<RunView> replyTo) implements Request {}

    /** Asks for the run as it stands, with what orders of {@link OnlyIf} name. */
    public record GetTagged(ActorRef<Tagged> replyTo) implements Request {}

    /**
     * The run as it stands.
     *
     * @param tag another one after each order that changed the plan, in another state, generation or run; the same after a step
     */
    public record Tagged(String tag, RunView run) implements WireMessage {}

    /**
     * Gives an order, unless the run has changed since it was looked at: then nothing is done, and that is answered.
     *
     * @param tags one of which the run must have
     * @param order is answered as it is by itself
     */
    public record OnlyIf(
            List<String> tags,

            @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
            @JsonSubTypes({
                @JsonSubTypes.Type(value = Pause.class, name = "pause"),
                @JsonSubTypes.Type(value = Continue.class, name = "continue"),
                @JsonSubTypes.Type(value = SaveNow.class, name = "checkpoint"),
                @JsonSubTypes.Type(value = Stop.class, name = "stop"),
                @JsonSubTypes.Type(value = Drain.class, name = "drain"),
                @JsonSubTypes.Type(value = Admit.class, name = "admit")
            })
            Change order,

            ActorRef<Changed> replyTo)
            implements Request {
        public OnlyIf {
            tags = List.copyOf(tags);
        }
    }

    /**
     * An order was not given: the run is another one by now.
     *
     * @param state as in {@link RunView}
     * @param reason why it is in this state
     */
    public record Changed(String state, String reason) implements WireMessage {}

    /** Asks for the newest generations. */
    public record GetGenerations(ActorRef<GenerationsView> replyTo) implements Request {}

    /**
     * Asks for the figures of the run's steps: in buckets of as many steps as it takes.
     *
     * @param from the first step, from 0
     * @param to the last one; those that are not committed yet are left out
     * @param points buckets at most, 1 to {@link MetricsView#MOST_POINTS}
     */
    public record GetMetrics(long from, long to, int points, ActorRef<MetricsView> replyTo) implements Request {}

    /**
     * Asks for the held-out samples that people look at.
     *
     * @param step of whose weights the predictions are wanted; else those of the last step before it that was asked about
     */
    public record GetSamples(long step, ActorRef<SamplesView> replyTo) implements Request {}

    /**
     * Asks for the picture of such a sample.
     *
     * @param number of the sample, from 0
     */
    public record GetPicture(int number, ActorRef<PictureView> replyTo) implements Request {}

    /**
     * Asks for what happens to the run after an event, and is answered once: with what has happened since, at once where something
     * has, else with the next event, or that there was none for a while. Whoever asks again with each answer hears of everything, in
     * order, at their own pace; whoever stops is forgotten.
     *
     * @param source whose events are counted; empty: none are known yet, and the run as it stands is wanted
     * @param after the number of the last event that is known
     */
    public record Subscribe(String source, long after, ActorRef<RunEvents> replyTo) implements Request {}

    /** Begins a run, unless another is under way. */
    public record Submit(RunPlan plan, ActorRef<Answer> replyTo) implements Change {}

    /** Halts the members after the same step, writes a checkpoint and waits. */
    public record Pause(String reason, ActorRef<Answer> replyTo) implements Change {}

    /** Goes on after a pause. */
    public record Continue(ActorRef<Answer> replyTo) implements Change {}

    /** Writes a checkpoint after the step at hand. */
    public record SaveNow(ActorRef<Answer> replyTo) implements Change {}

    /** Ends the run after the step at hand, with a checkpoint. */
    public record Stop(String reason, ActorRef<Answer> replyTo) implements Change {}

    /** Leaves a worker out, from the next generation on, which is made soon. */
    public record Drain(String worker, String reason, ActorRef<Answer> replyTo) implements Change {}

    /** Takes a drained worker in again. */
    public record Admit(String worker, ActorRef<Answer> replyTo) implements Change {}

    /**
     * Whether a command was accepted. What it leads to is seen in {@link RunView}.
     *
     * @param state of the run, as in {@link RunView}
     * @param reason why it was accepted or not; never empty
     */
    public record Answer(boolean accepted, String state, String reason) implements WireMessage {}

    /** The workers that are registered and reachable now. */
    public record Listed(Set<ActorRef<Worker.Command>> workers) implements Command {
        public Listed {
            workers = Set.copyOf(workers);
        }
    }

    /** A worker said something; it comes by the address that orders carry. */
    public record Reported(Worker.Report report) implements Command {}

    private Coordinator() {}

    /** A coordinator that hears of its workers by the receptionist. */
    public static Behavior<Command> create(CoordinatorSettings settings, CoordinatorEnvironment environment) {
        return Behaviors.setup(context -> {
            context.getSystem()
                    .receptionist()
                    .tell(Receptionist.subscribe(
                            Worker.KEY,
                            context.messageAdapter(
                                    Receptionist.Listing.class,
                                    listing -> new Listed(listing.getServiceInstances(Worker.KEY)))));
            return withoutReceptionist(settings, environment);
        });
    }

    /** A coordinator that hears of its workers by {@link Listed} only. */
    public static Behavior<Command> withoutReceptionist(
            CoordinatorSettings settings, CoordinatorEnvironment environment) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            timers.startTimerWithFixedDelay(new State.Tick(), Duration.ofMillis(settings.tickMs()));
            Run run =
                    new Run(context, settings, environment, context.messageAdapter(Worker.Report.class, Reported::new));
            return new Discovering(run, "a coordinator has started here").begin();
        }));
    }
}
