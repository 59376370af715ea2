package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.ReceiveBuilder;
import akka.actor.typed.javadsl.TimerScheduler;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.Coordinator.Command;
import io.flm.coordinator.RunView.CheckpointView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.FailureKind;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The states of a {@link Coordinator}, one class each. */
final class CoordinatorStates {
    private static final long EPOCH = 1;

    /** What a coordinator tells itself. */
    sealed interface Internal extends Command {}

    private record Reported(Worker.Report report) implements Internal {}

    private record DeadlineReached(String run) implements Internal {}

    private CoordinatorStates() {}

    static Behavior<Command> first(ActorContext<Command> context, TimerScheduler<Command> timers, InstantSource clock) {
        return new Idle(new Run(context, timers, clock));
    }

    /** What outlives a state. */
    private static final class Run {
        final ActorContext<Command> context;
        final TimerScheduler<Command> timers;
        final InstantSource clock;
        final ActorRef<Worker.Report> reports;
        final Set<ActorRef<Worker.Command>> listed = new HashSet<>();
        final TreeMap<String, Worker.Described> workers = new TreeMap<>();
        final List<String> notes = new ArrayList<>();
        final List<Coordinator.AwaitEnd> waiters = new ArrayList<>();

        @Nullable RunPlan plan;

        @Nullable Generation generation;

        Worker.@Nullable Progressed progress;

        @Nullable CheckpointView checkpoint;

        @Nullable String weightsSha256;

        long committedSteps;

        Run(ActorContext<Command> context, TimerScheduler<Command> timers, InstantSource clock) {
            this.context = context;
            this.timers = timers;
            this.clock = clock;
            this.reports = context.messageAdapter(Worker.Report.class, Reported::new);
        }

        long generationNumber() {
            return generation == null ? 0 : generation.number();
        }

        RunPlan plan() {
            if (plan == null) {
                throw new IllegalStateException("no run");
            }
            return plan;
        }

        Generation generation() {
            if (generation == null) {
                throw new IllegalStateException("no generation");
            }
            return generation;
        }

        String name() {
            return plan == null ? "(none)" : plan.run();
        }

        void tell(String worker, Worker.Order order) {
            Worker.Described d = workers.get(worker);
            if (d != null) {
                d.self().tell(order);
            }
        }

        void tellMembers(Worker.Order order) {
            generation().members().forEach(m -> tell(m.worker(), order));
        }

        RunView view(String state, String reason) {
            List<WorkerView> views = new ArrayList<>();
            workers.forEach((name, d) -> {
                int rank = generation == null ? -1 : generation.rankOf(name);
                views.add(new WorkerView(
                        name,
                        d.node(),
                        d.device(),
                        d.phase().name().toLowerCase(Locale.ROOT),
                        rank,
                        rank < 0 ? "" : generation().members().get(rank).lanes().toString(),
                        d.laneMs(),
                        rank < 0 ? 0 : generationNumber(),
                        d.steps(),
                        d.reason()));
            });
            boolean trains = state.equals("training");
            Worker.Progressed p = progress;
            return new RunView(
                    plan == null ? "" : plan.run(),
                    plan == null ? "" : plan.id(),
                    state,
                    reason,
                    generationNumber(),
                    committedSteps,
                    plan == null ? 0 : plan.totalSteps(),
                    p == null ? null : p.loss(),
                    p == null ? List.of() : p.heads(),
                    p == null || !trains ? 0 : p.rates().samplesPerSecond(),
                    p == null || !trains ? 0 : p.rates().tokensPerSecond(),
                    p == null ? null : p.rates().shares(),
                    plan == null ? 0 : plan.minWorkers(),
                    plan == null ? 0 : plan.mostMembers(),
                    weightsSha256,
                    checkpoint,
                    notes,
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

        @Override
        public Receive<Command> createReceive() {
            return receiving().build();
        }

        final ReceiveBuilder<Command> receiving() {
            return newReceiveBuilder()
                    .onMessage(Coordinator.GetRun.class, m -> {
                        m.replyTo().tell(view());
                        return this;
                    })
                    .onMessage(Coordinator.GetGenerations.class, m -> {
                        m.replyTo().tell(new GenerationsView(List.of()));
                        return this;
                    })
                    .onMessage(Coordinator.AwaitEnd.class, m -> {
                        if (view().ended()) {
                            m.replyTo().tell(view());
                        } else {
                            run.waiters.add(m);
                        }
                        return this;
                    })
                    .onMessage(Coordinator.Listed.class, this::onListed)
                    .onMessage(Coordinator.Submit.class, this::onSubmit)
                    .onMessage(Coordinator.Stop.class, m -> {
                        m.replyTo().tell(new Answer(true, key(), m.reason()));
                        return onStop(m.reason());
                    })
                    .onMessage(Coordinator.Pause.class, m -> decline(m.replyTo()))
                    .onMessage(Coordinator.Continue.class, m -> decline(m.replyTo()))
                    .onMessage(Coordinator.SaveNow.class, m -> decline(m.replyTo()))
                    .onMessage(Coordinator.Drain.class, m -> decline(m.replyTo()))
                    .onMessage(Coordinator.Admit.class, m -> decline(m.replyTo()))
                    .onMessage(DeadlineReached.class, m -> onStop("the time limit is reached"))
                    .onMessage(Reported.class, m -> report(m.report()));
        }

        private Behavior<Command> decline(ActorRef<Answer> replyTo) {
            replyTo.tell(new Answer(false, key(), "the run is " + key() + ", which allows for no such command"));
            return this;
        }

        final RunView view() {
            return run.view(key(), reason);
        }

        Behavior<Command> onSubmit(Coordinator.Submit m) {
            String name = run.name();
            m.replyTo().tell(new Answer(false, key(), "run " + name + " is " + key() + "; stop it first"));
            return this;
        }

        Behavior<Command> onStop(String why) {
            return this;
        }

        final Behavior<Command> transition(State next) {
            run.context.getLog().info("run {}: {} -> {}: {}", run.name(), key(), next.key(), next.reason);
            return next;
        }

        final Behavior<Command> end(State next) {
            run.waiters.forEach(w -> w.replyTo().tell(next.view()));
            run.waiters.clear();
            return transition(next);
        }

        final Behavior<Command> onUnexpected(Worker.Report report) {
            run.context.getLog().warn("run {}, {}: unexpected {}", run.name(), key(), report);
            return this;
        }

        private Behavior<Command> onListed(Coordinator.Listed m) {
            for (ActorRef<Worker.Command> ref : m.workers()) {
                if (!run.listed.contains(ref)) {
                    ref.tell(new Worker.Describe(EPOCH, false, run.reports));
                }
            }
            run.listed.clear();
            run.listed.addAll(m.workers());
            run.workers.values().removeIf(d -> !run.listed.contains(d.self()));
            return onWorkersChanged();
        }

        Behavior<Command> onWorkersChanged() {
            return this;
        }

        private Behavior<Command> report(Worker.Report report) {
            if (report instanceof Worker.Described d) {
                if (run.listed.contains(d.self())) {
                    run.workers.put(d.worker(), d);
                }
                return onWorkersChanged();
            }
            if (report instanceof Worker.GenerationReport g && g.generation() != run.generationNumber()) {
                return onUnexpected(report);
            }
            return onReport(report);
        }

        Behavior<Command> onReport(Worker.Report report) {
            return onUnexpected(report);
        }
    }

    /** Without a run that is under way. */
    private abstract static class Free extends State {
        Free(Run run, String reason) {
            super(run, reason);
        }

        @Override
        Behavior<Command> onSubmit(Coordinator.Submit m) {
            RunPlan plan = m.plan();
            run.plan = plan;
            run.progress = null;
            run.checkpoint = null;
            run.weightsSha256 = null;
            run.committedSteps = 0;
            run.notes.clear();
            if (plan.deadline() > 0) {
                long leftMs = Math.max(0, plan.deadline() - run.clock.millis());
                run.timers.startSingleTimer(new DeadlineReached(plan.id()), Duration.ofMillis(leftMs));
            }
            m.replyTo().tell(new Answer(true, "waiting", "run " + plan.run() + " is submitted"));
            transition(new Waiting(run, "submitted"));
            return new Waiting(run, "submitted").onWorkersChanged();
        }
    }

    private static final class Idle extends Free {
        Idle(Run run) {
            super(run, "no run was submitted yet");
        }
    }

    /** Workers prepare, until there are enough. */
    private static final class Waiting extends State {
        Waiting(Run run, String reason) {
            super(run, reason);
        }

        @Override
        Behavior<Command> onStop(String why) {
            return end(new Finished(run, why + ", before the first step"));
        }

        @Override
        Behavior<Command> onWorkersChanged() {
            TreeMap<String, Worker.Described> prepared = new TreeMap<>();
            long lastGeneration = run.generationNumber();
            for (Worker.Described d : run.workers.values()) {
                lastGeneration = Math.max(lastGeneration, d.lastGeneration());
                if (!d.run().equals(run.plan().id())) {
                    d.self().tell(new Worker.Prepare(EPOCH, run.plan(), run.reports));
                } else if (d.phase() == Worker.Phase.UNFIT) {
                    return end(new Failed(run, d.reason()));
                } else if (d.phase() == Worker.Phase.WAITING) {
                    prepared.put(d.worker(), d);
                }
            }
            Membership.Decision decision = Membership.decide(run.plan(), prepared, lastGeneration);
            if (decision.next().isEmpty()) {
                return decision.reason().equals(reason) ? this : new Waiting(run, decision.reason());
            }
            Generation g = decision.next().get();
            run.generation = g;
            run.committedSteps = g.firstStep();
            run.tellMembers(new Worker.Join(EPOCH, g, run.reports));
            return transition(new Forming(run, decision.reason()));
        }
    }

    /** States with a generation under way. */
    private abstract static class Active extends State {
        final Map<String, Long> halted;

        Active(Run run, String reason, Map<String, Long> halted) {
            super(run, reason);
            this.halted = new HashMap<>(halted);
        }

        @Override
        Behavior<Command> onStop(String why) {
            run.tellMembers(new Worker.Halt(EPOCH, run.generationNumber(), why, run.reports));
            return transition(new Halting(run, why, halted));
        }

        @Override
        Behavior<Command> onWorkersChanged() {
            for (Generation.Member member : run.generation().members()) {
                if (!run.workers.containsKey(member.worker())) {
                    return end(new Failed(
                            run,
                            "worker " + member.worker() + " was lost after step " + run.committedSteps
                                    + "; resume the run from its newest checkpoint"));
                }
            }
            return this;
        }

        @Override
        Behavior<Command> onReport(Worker.Report report) {
            if (report instanceof Worker.Progressed p) {
                if (run.generation().rankOf(p.worker()) == 0) {
                    run.committedSteps = p.step() + 1;
                    run.progress = p;
                }
                return this;
            }
            if (report instanceof Worker.Failed f) {
                // A lost member is the echo of another member's failure, which names the cause.
                return f.kind() == FailureKind.MEMBER_LOST ? this : end(new Failed(run, f.cause()));
            }
            if (report instanceof Worker.Halted h) {
                halted.put(h.worker(), h.committedSteps());
                run.committedSteps = h.committedSteps();
                return halted.size() < run.generation().worldSize() ? this : save();
            }
            return report instanceof Worker.Joined j ? onJoined(j) : onUnexpected(report);
        }

        Behavior<Command> onJoined(Worker.Joined j) {
            return this;
        }

        private Behavior<Command> save() {
            RunPlan plan = run.plan();
            String why = run.committedSteps >= plan.totalSteps()
                    ? "all " + plan.totalSteps() + " steps are committed"
                    : key().equals("halting") ? reason : "stopped after step " + run.committedSteps;
            run.tellMembers(new Worker.Hash(EPOCH, run.reports));
            run.tell(run.generation().members().get(0).worker(), new Worker.Save(EPOCH, run.reports));
            return transition(new Saving(run, why));
        }
    }

    /** Members take up the state of the first step. */
    private static final class Forming extends Active {
        private final Set<String> joined = new HashSet<>();

        Forming(Run run, String reason) {
            super(run, reason, Map.of());
        }

        @Override
        Behavior<Command> onJoined(Worker.Joined j) {
            joined.add(j.worker());
            return joined.size() == run.generation().worldSize()
                    ? transition(new Training(run, "all " + joined.size() + " members joined", halted))
                    : this;
        }
    }

    /** Workers run step after step on their own; this state hears of it. */
    private static final class Training extends Active {
        Training(Run run, String reason, Map<String, Long> halted) {
            super(run, reason, halted);
        }
    }

    /** The stop flag is on its way around the members. */
    private static final class Halting extends Active {
        Halting(Run run, String reason, Map<String, Long> halted) {
            super(run, reason, halted);
        }

        @Override
        Behavior<Command> onStop(String why) {
            return this;
        }
    }

    /** All members have stopped: their weights are compared, and rank 0 writes the checkpoint. */
    private static final class Saving extends State {
        private final Map<String, String> hashes = new TreeMap<>();
        private boolean saved;

        Saving(Run run, String reason) {
            super(run, reason);
        }

        @Override
        Behavior<Command> onReport(Worker.Report report) {
            if (report instanceof Worker.Hashed h) {
                hashes.put(h.worker(), h.weightsSha256());
            } else if (report instanceof Worker.Saved s) {
                run.checkpoint = new CheckpointView(s.step(), s.where(), s.worker());
                saved = true;
            } else if (report instanceof Worker.SaveFailed f) {
                run.notes.add(f.reason());
                saved = true;
            } else {
                return onUnexpected(report);
            }
            if (!saved || hashes.size() < run.generation().worldSize()) {
                return this;
            }
            if (new HashSet<>(hashes.values()).size() > 1) {
                return end(new Failed(run, "the members' weights differ: " + hashes));
            }
            run.weightsSha256 = hashes.values().iterator().next();
            return end(new Finished(run, reason));
        }
    }

    /** The run ended as it should, or as it was told to. */
    private static final class Finished extends Free {
        Finished(Run run, String reason) {
            super(run, reason);
        }
    }

    /** The run cannot go on; the reason says what, where and what to do. */
    private static final class Failed extends Free {
        Failed(Run run, String reason) {
            super(run, reason);
        }
    }
}
