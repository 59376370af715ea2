package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.Worker;
import io.flm.worker.Worker.Described;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * This coordinator has just started, or moved here from a node that was lost: it asks every worker for what it knows. A
 * generation that trains goes on meanwhile, and is adopted as it is. What the operator asks for waits.
 */
final class Discovering extends State {
    private final List<Command> later = new ArrayList<>();

    Discovering(Run run, String reason) {
        super(run, reason);
    }

    @Override
    Behavior<Command> begin() {
        run.roster.forgetAnswers(run.now());
        run.askSilent(true);
        return this;
    }

    @Override
    boolean asksForPlans() {
        return true;
    }

    /** No plan is known yet that a worker could be told. */
    @Override
    Behavior<Command> onDescribed(Described d) {
        return evaluate();
    }

    @Override
    Behavior<Command> evaluate() {
        List<Described> workers = new ArrayList<>();
        boolean all = !run.roster.entries().isEmpty(); // a node has workers: they are listed soon
        for (Roster.Entry e : run.roster.entries()) {
            boolean complete = e.answered && e.self != null && (e.self.run().isEmpty() || e.self.plan() != null);
            all &= complete;
            if (complete && e.self != null) {
                workers.add(e.self);
            }
        }
        boolean settled = all && elapsedMs() >= run.settings.discoverSettleMs();
        return settled || elapsedMs() >= run.settings.discoverTimeoutMs() ? adopt(workers) : this;
    }

    private Behavior<Command> adopt(List<Described> workers) {
        if (run.epoch == 0) {
            run.epoch = 1 + workers.stream().mapToLong(Described::epoch).max().orElse(0);
        }
        later.forEach(m -> run.context.getSelf().tell(m));
        Optional<RunPlan> newest = newestPlan(workers);
        if (newest.isEmpty()) {
            return transition(new Idle(run, "no run was submitted yet"));
        }
        RunPlan plan = newest.get();
        run.begin(plan);
        List<Described> own =
                workers.stream().filter(d -> d.run().equals(plan.id())).toList();
        Optional<Generation> running = own.stream()
                .map(Described::generation)
                .filter(Objects::nonNull)
                .max(Comparator.comparingLong(Generation::number));
        long steps = Membership.topStep(own);
        State next = switch (plan.intent()) {
            case FINISHED -> {
                Optional.ofNullable(plan.ending()).ifPresent(run::recall);
                yield new Finished(run, plan.intentReason());
            }
            case FAILED -> new Failed(run, plan.intentReason());
            case RUN, PAUSE, STOP ->
                running.map(g -> adopted(g, own))
                        .orElseGet(
                                () -> new Regrouping(run, "a new coordinator has found run " + plan.run(), List.of()));
        };
        run.committedSteps = Math.max(run.committedSteps, steps);
        return transition(next);
    }

    private State adopted(Generation g, List<Described> own) {
        String found = "a new coordinator has found generation " + g.number();
        run.take(g, found);
        List<String> missing = g.members().stream()
                .map(Generation.Member::worker)
                .filter(name -> own.stream().noneMatch(d -> d.worker().equals(name) && isIn(g, d)))
                .toList();
        if (!missing.isEmpty()) {
            return new Regrouping(run, found + " without " + String.join(", ", missing), missing);
        }
        boolean training =
                own.stream().filter(d -> g.rankOf(d.worker()) >= 0).noneMatch(d -> d.phase() == Worker.Phase.ENTERING);
        return training ? new Training(run, found + ", which goes on") : new Forming(run, found + ", not complete yet");
    }

    /** Whether a worker is in a generation, or has just come to its end. */
    private static boolean isIn(Generation g, Described d) {
        return switch (d.phase()) {
            case ENTERING, TRAINING -> d.generation() != null && d.generation().number() == g.number();
            case WAITING -> d.lastGeneration() == g.number();
            case IDLE, PREPARING, LEAVING, UNFIT -> false;
        };
    }

    /** Of the run with the newest generation, the highest revision; a run that has ended gives way to one that has not begun. */
    private static Optional<RunPlan> newestPlan(List<Described> workers) {
        return workers.stream()
                .filter(d -> d.plan() != null)
                .max(Comparator.comparingLong(Described::lastGeneration)
                        .thenComparing(d -> isUnderWay(d.plan()))
                        .thenComparing(Described::run)
                        .thenComparingLong(Described::revision))
                .flatMap(newest -> workers.stream()
                        .filter(d -> d.run().equals(newest.run()))
                        .map(Described::plan)
                        .filter(Objects::nonNull)
                        .max(Comparator.comparingLong(RunPlan::revision)));
    }

    private static boolean isUnderWay(@Nullable RunPlan plan) {
        return plan != null
                && switch (plan.intent()) {
                    case RUN, PAUSE, STOP -> true;
                    case FINISHED, FAILED -> false;
                };
    }

    @Override
    Behavior<Command> onChange(Coordinator.Change m) {
        later.add(m);
        return this;
    }
}
