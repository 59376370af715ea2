package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.ReceiveBuilder;
import akka.actor.typed.receptionist.Receptionist;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.WireMessage;
import io.flm.worker.Worker;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Brings a run about: waits for workers, forms a generation of them, ends when the last step is committed. One class a state;
 * the transitions are listed in the package's documentation.
 */
public final class Coordinator {
    /** What the coordinator understands. */
    public sealed interface Command {}

    /** Asks for the run as it stands. */
    public record GetRun(ActorRef<RunView> replyTo) implements Command, WireMessage {}

    /** Ends the run after the step at hand, with a checkpoint. */
    public record Stop(String reason) implements Command, WireMessage {}

    private record Listed(Set<ActorRef<Worker.Command>> workers) implements Command {}

    private record Reported(Worker.Report report) implements Command {}

    private Coordinator() {}

    /** @param ended is told the last view of the run, once */
    public static Behavior<Command> create(RunPlan plan, ActorRef<RunView> ended) {
        return Behaviors.setup(context -> {
            context.getSystem()
                    .receptionist()
                    .tell(Receptionist.subscribe(
                            Worker.KEY,
                            context.messageAdapter(
                                    Receptionist.Listing.class,
                                    listing -> new Listed(listing.getServiceInstances(Worker.KEY)))));
            ActorRef<Worker.Report> reports = context.messageAdapter(Worker.Report.class, Reported::new);
            Run run = new Run(context, plan, ended, reports);
            return new Waiting(run, "0 of " + plan.workers() + " workers registered");
        });
    }

    /** What outlives a state: the workers as last heard of, and the newest generation. */
    private static final class Run {
        final ActorContext<Command> context;
        final RunPlan plan;
        final ActorRef<RunView> ended;
        final ActorRef<Worker.Report> reports;
        final Map<String, ActorRef<Worker.Command>> workers = new TreeMap<>();
        final TreeMap<String, String> devices = new TreeMap<>();

        @Nullable Generation generation;

        long committedSteps;

        @Nullable Double loss;

        double samplesPerSecond;

        Run(ActorContext<Command> context, RunPlan plan, ActorRef<RunView> ended, ActorRef<Worker.Report> reports) {
            this.context = context;
            this.plan = plan;
            this.ended = ended;
            this.reports = reports;
            this.committedSteps = plan.firstStep();
        }

        long generationNumber() {
            return generation == null ? 0 : generation.number();
        }

        RunView view(String state, String reason) {
            List<WorkerView> views = new ArrayList<>();
            devices.forEach((name, device) -> {
                int rank = generation == null ? -1 : generation.rankOf(name);
                String lanes = generation == null || rank < 0
                        ? ""
                        : generation.members().get(rank).lanes().toString();
                views.add(new WorkerView(name, device, rank, lanes));
            });
            double rate = state.equals("training") ? samplesPerSecond : 0;
            return new RunView(
                    plan.run(),
                    state,
                    reason,
                    generationNumber(),
                    committedSteps,
                    plan.totalSteps(),
                    loss,
                    rate,
                    views);
        }
    }

    /** What no state differs in: questions are answered, newly listed workers are asked who they are. */
    private abstract static class State extends AbstractBehavior<Command> {
        final Run run;
        final String reason;

        State(Run run, String reason) {
            super(run.context);
            this.run = run;
            this.reason = reason;
        }

        final String key() {
            return getClass().getSimpleName().toLowerCase(Locale.ROOT);
        }

        final ReceiveBuilder<Command> receiving() {
            return newReceiveBuilder().onMessage(GetRun.class, m -> {
                m.replyTo().tell(run.view(key(), reason));
                return this;
            });
        }

        final Behavior<Command> transition(State next) {
            run.context.getLog().info("run {}: {} -> {}: {}", run.plan.run(), key(), next.key(), next.reason);
            return next;
        }

        final Behavior<Command> end(State next) {
            run.ended.tell(run.view(next.key(), next.reason));
            return transition(next);
        }

        Behavior<Command> onUnexpected(Command m) {
            run.context.getLog().warn("run {}, {}: unexpected {}", run.plan.run(), key(), m);
            return this;
        }

        /** Keeps the books on who there is; the state decides what follows from it. */
        final void note(Listed m) {
            run.workers.values().removeIf(ref -> !m.workers().contains(ref));
            run.devices.keySet().removeIf(name -> !run.workers.containsKey(name));
            for (ActorRef<Worker.Command> ref : m.workers()) {
                if (!run.workers.containsValue(ref)) {
                    run.workers.put(ref.path().name(), ref);
                    ref.tell(new Worker.Describe(run.reports));
                }
            }
        }

        final Behavior<Command> onListed(Listed m) {
            note(m);
            Generation g = run.generation;
            if (g != null) {
                for (Generation.Member member : g.members()) {
                    if (!run.workers.containsKey(member.worker())) {
                        return end(new Failed(
                                run,
                                "worker " + member.worker() + " was lost after step " + run.committedSteps
                                        + "; resume the run from its newest checkpoint"));
                    }
                }
            }
            return this;
        }

        final boolean isCurrent(Worker.Report report) {
            return switchGeneration(report) == run.generationNumber();
        }

        private static long switchGeneration(Worker.Report report) {
            if (report instanceof Worker.Joined m) {
                return m.generation();
            }
            if (report instanceof Worker.Progressed m) {
                return m.generation();
            }
            if (report instanceof Worker.Halted m) {
                return m.generation();
            }
            if (report instanceof Worker.Failed m) {
                return m.generation();
            }
            return -1;
        }

        /** Reports that mean the same in all states of a generation; null: not one of them. */
        final @Nullable Behavior<Command> common(Worker.Report report) {
            if (report instanceof Worker.Described d) {
                run.devices.put(d.worker(), d.device());
                return this;
            }
            if (!isCurrent(report)) {
                return onUnexpected(new Reported(report));
            }
            if (report instanceof Worker.Progressed p) {
                run.committedSteps = p.step() + 1;
                run.loss = p.loss();
                run.samplesPerSecond = p.samplesPerSecond();
                return this;
            }
            if (report instanceof Worker.Failed f) {
                if (f.kind() == FailureKind.MEMBER_LOST) {
                    return this; // the echo of another member's failure, which names the cause
                }
                return end(new Failed(run, f.cause()));
            }
            return null;
        }
    }

    private static final class Waiting extends State {
        Waiting(Run run, String reason) {
            super(run, reason);
        }

        @Override
        public Receive<Command> createReceive() {
            return receiving()
                    .onMessage(Listed.class, m -> {
                        note(m);
                        return this;
                    })
                    .onMessage(Reported.class, this::onReport)
                    .onMessage(Stop.class, m -> end(new Finished(run, m.reason() + ", before the first step")))
                    .build();
        }

        private Behavior<Command> onReport(Reported m) {
            if (!(m.report() instanceof Worker.Described d)) {
                return onUnexpected(m);
            }
            run.devices.put(d.worker(), d.device());
            Membership.Decision decision =
                    Membership.decide(run.plan, run.devices, run.generationNumber(), run.committedSteps);
            if (decision.next().isEmpty()) {
                return new Waiting(run, decision.reason());
            }
            Generation g = decision.next().get();
            run.generation = g;
            for (Generation.Member member : g.members()) {
                ActorRef<Worker.Command> worker = run.workers.get(member.worker());
                if (worker != null) {
                    worker.tell(new Worker.Join(g, run.reports));
                }
            }
            return transition(new Forming(run, decision.reason()));
        }
    }

    /** Members take up the state of the first step. */
    private static final class Forming extends State {
        private final Set<String> joined = new HashSet<>();

        Forming(Run run, String reason) {
            super(run, reason);
        }

        @Override
        public Receive<Command> createReceive() {
            return receiving()
                    .onMessage(Listed.class, this::onListed)
                    .onMessage(Reported.class, this::onReport)
                    .onMessage(Stop.class, m -> transition(halting(run, m.reason(), Set.of())))
                    .build();
        }

        private Behavior<Command> onReport(Reported m) {
            Behavior<Command> next = common(m.report());
            if (next != null) {
                return next;
            }
            if (m.report() instanceof Worker.Joined j) {
                joined.add(j.worker());
                Generation g = run.generation;
                if (g != null && joined.size() == g.worldSize()) {
                    return transition(new Training(run, "all " + joined.size() + " members joined", Set.of()));
                }
                return this;
            }
            if (m.report() instanceof Worker.Halted h) { // so short a run that one member ended before another joined
                return onHalted(this, new Training(run, "members joined", Set.of()), h);
            }
            return onUnexpected(m);
        }
    }

    /** Workers run step after step on their own; this state hears of it. */
    private static final class Training extends State {
        final Set<String> halted;

        Training(Run run, String reason, Set<String> halted) {
            super(run, reason);
            this.halted = new HashSet<>(halted);
        }

        @Override
        public Receive<Command> createReceive() {
            return receiving()
                    .onMessage(Listed.class, this::onListed)
                    .onMessage(Reported.class, this::onReport)
                    .onMessage(Stop.class, m -> transition(halting(run, m.reason(), halted)))
                    .build();
        }

        private Behavior<Command> onReport(Reported m) {
            Behavior<Command> next = common(m.report());
            if (next != null) {
                return next;
            }
            if (m.report() instanceof Worker.Halted h) {
                return onHalted(this, this, h);
            }
            return m.report() instanceof Worker.Joined ? this : onUnexpected(m);
        }
    }

    /** The stop flag is on its way around the members. */
    private static final class Halting extends State {
        private final Set<String> halted;

        Halting(Run run, String reason, Set<String> halted) {
            super(run, reason);
            this.halted = new HashSet<>(halted);
        }

        @Override
        public Receive<Command> createReceive() {
            return receiving()
                    .onMessage(Listed.class, this::onListed)
                    .onMessage(Reported.class, this::onReport)
                    .onMessage(Stop.class, m -> this)
                    .build();
        }

        private Behavior<Command> onReport(Reported m) {
            Behavior<Command> next = common(m.report());
            if (next != null) {
                return next;
            }
            if (m.report() instanceof Worker.Halted h) {
                halted.add(h.worker());
                run.committedSteps = h.committedSteps();
                Generation g = run.generation;
                return g != null && halted.size() == g.worldSize() ? end(new Finished(run, reason)) : this;
            }
            return m.report() instanceof Worker.Joined ? this : onUnexpected(m);
        }
    }

    private static Behavior<Command> onHalted(State now, Training training, Worker.Halted h) {
        Run run = now.run;
        training.halted.add(h.worker());
        run.committedSteps = h.committedSteps();
        Generation g = run.generation;
        if (g == null || training.halted.size() < g.worldSize()) {
            return training;
        }
        String reason = run.committedSteps >= run.plan.totalSteps()
                ? "all " + run.plan.totalSteps() + " steps are committed"
                : "stopped after step " + run.committedSteps + ": " + h.reason();
        return now.end(new Finished(run, reason));
    }

    private static Halting halting(Run run, String reason, Set<String> halted) {
        Generation g = run.generation;
        if (g != null) {
            for (Generation.Member member : g.members()) {
                ActorRef<Worker.Command> worker = run.workers.get(member.worker());
                if (worker != null) {
                    worker.tell(new Worker.Halt(g.number(), reason));
                }
            }
        }
        return new Halting(run, reason, halted);
    }

    /** The run ended as it should, or as it was told to. */
    private static final class Finished extends State {
        Finished(Run run, String reason) {
            super(run, reason);
        }

        @Override
        public Receive<Command> createReceive() {
            return receiving().onAnyMessage(m -> this).build();
        }
    }

    /** The run cannot go on; the reason says what, where and what to do. */
    private static final class Failed extends State {
        Failed(Run run, String reason) {
            super(run, reason);
        }

        @Override
        public Receive<Command> createReceive() {
            return receiving().onAnyMessage(m -> this).build();
        }
    }
}
