package io.flm.coordinator;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.Receive;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.Coordinator.Command;
import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A state of the {@link Coordinator}, and what all states do alike: answer questions, keep the {@link Roster}, ask silent workers,
 * and put what the operator asks for into the plan. A subclass is one state. It overrides {@link #evaluate} and the {@code on...}
 * methods, and is left by the methods at the end of this class or by {@link #transition}: docs/architecture.md has the table.
 */
abstract class State extends AbstractBehavior<Command> {
    /** Time has passed. */
    record Tick() implements Command {}

    /** What is kept of the steps before this coordinator has been read. */
    record PastRead(String runId, MetricsHistory past, SampleHistory samples, List<GenerationView> generations)
            implements Command {}

    private static final long REASON_MS = 1000; // some count seconds

    final Run run;
    final String reason;

    /** When this state began. */
    final long since;

    private String told = "";
    private long toldAt;

    State(Run run, String reason) {
        super(run.context);
        this.run = run;
        this.reason = reason;
        this.since = run.now();
    }

    @Override
    public final Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Coordinator.GetRun.class, m -> {
                    m.replyTo().tell(view());
                    return this;
                })
                .onMessage(Coordinator.GetTagged.class, m -> {
                    m.replyTo().tell(new Coordinator.Tagged(run.tag(key()), view()));
                    return this;
                })
                .onMessage(Coordinator.GetGenerations.class, m -> {
                    m.replyTo().tell(run.history.view());
                    return this;
                })
                .onMessage(Coordinator.GetMetrics.class, m -> {
                    m.replyTo().tell(run.metrics.view(run.name(), m.from(), m.to(), m.points()));
                    return this;
                })
                .onMessage(Coordinator.GetSamples.class, m -> {
                    m.replyTo().tell(run.samples.view(run.name(), m.step()));
                    return this;
                })
                .onMessage(Coordinator.GetPicture.class, m -> {
                    m.replyTo().tell(run.samples.picture(m.number()));
                    return this;
                })
                .onMessage(PastRead.class, m -> {
                    run.pastRead(m);
                    return this;
                })
                .onMessage(Coordinator.Subscribe.class, m -> {
                    run.events.ask(m, run.now(), this::view);
                    return this;
                })
                .onMessage(Coordinator.Change.class, this::onChange)
                .onMessage(Coordinator.OnlyIf.class, this::onOnlyIf)
                .onMessage(Coordinator.Listed.class, this::onListed)
                .onMessage(Coordinator.Reported.class, m -> onReport(m.report()))
                .onMessage(Tick.class, m -> onTick())
                .build();
    }

    final String key() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    /** The reason as it stands now; states that wait for several things say for which. */
    String status() {
        return reason;
    }

    final RunView view() {
        return run.view(key(), status());
    }

    /** Tells of this state, again where its reason has changed. */
    private void tell() {
        String now = Excerpt.of(status());
        if (!now.equals(told) && (told.isEmpty() || run.now() - toldAt >= REASON_MS)) {
            told = now;
            toldAt = run.now();
            run.events.add(new RunEvent.Entered(key(), now));
        }
    }

    final long elapsedMs() {
        return run.now() - since;
    }

    /** What a state does at once; it may lead to another one. */
    Behavior<Command> begin() {
        return this;
    }

    /** Decides what follows from what is known now. Called after each event, and at each tick. */
    Behavior<Command> evaluate() {
        return this;
    }

    // Questions and requests.

    Behavior<Command> onChange(Coordinator.Change m) {
        if (m instanceof Coordinator.Submit submit) {
            return onSubmit(submit);
        }
        if (m instanceof Coordinator.SaveNow save) {
            return onSaveNow(save);
        }
        PlanChanges.Outcome outcome = PlanChanges.apply(run, key(), m);
        answer(m, outcome.accepted(), outcome.reason());
        return outcome.changed() ? onPlanChanged() : this;
    }

    private Behavior<Command> onOnlyIf(Coordinator.OnlyIf m) {
        if (m.tags().contains(run.tag(key()))) {
            return onChange(m.order());
        }
        m.replyTo().tell(new Coordinator.Changed(key(), Excerpt.of(status())));
        return this;
    }

    /** Only states without a run under way begin one; a submission that was doubled is no second run. */
    Behavior<Command> onSubmit(Coordinator.Submit m) {
        return run.isOf(m.plan())
                ? answer(m, true, "run " + run.name() + " is submitted")
                : answer(m, false, "run " + run.name() + " is " + key() + "; stop it first");
    }

    Behavior<Command> onSaveNow(Coordinator.SaveNow m) {
        return answer(m, false, "nothing trains now; a checkpoint is written when a run is paused or stopped");
    }

    final Behavior<Command> answer(Coordinator.Change m, boolean accepted, String why) {
        m.replyTo().tell(new Answer(accepted, key(), why));
        return this;
    }

    /** The operator wants something else. */
    Behavior<Command> onPlanChanged() {
        return evaluate();
    }

    // Workers.

    private Behavior<Command> onListed(Coordinator.Listed m) {
        run.roster.list(m.workers(), run.now());
        run.askSilent(asksForPlans());
        return onWorkersChanged();
    }

    private Behavior<Command> onReport(Worker.Report report) {
        if (report instanceof Worker.Described d) {
            // One that is not listed cannot be reached, and is listed again when it can.
            return run.described(d) ? onDescribed(d) : this;
        }
        if (report instanceof Worker.GenerationReport g) {
            boolean current = run.generation != null && g.generation() == run.generation.number();
            if (!current || run.generation().rankOf(g.worker()) < 0) {
                return onStale(g);
            }
            if (g instanceof Worker.Showing s) {
                run.samples.show(s.number(), s.sample());
                return this;
            }
            if (g instanceof Worker.Predicted p) {
                run.predicted(p);
                return this;
            }
            if (g instanceof Worker.Failed f) {
                run.failures.add(run.generation(), f);
            }
            return onGeneration(g);
        }
        return onOther(report);
    }

    /** A report of a generation that is over, or of no member: a zombie's, or a late one. */
    private Behavior<Command> onStale(Worker.GenerationReport report) {
        run.context.getLog().debug("run {}, {}: too late: {}", run.name(), key(), report);
        return this;
    }

    /** A worker said where it stands. */
    Behavior<Command> onDescribed(Worker.Described d) {
        run.bringUpToDate(d);
        return onWorkersChanged();
    }

    /** A worker came, went, or said where it stands. */
    Behavior<Command> onWorkersChanged() {
        return evaluate();
    }

    /** A member says something of the generation at hand. */
    Behavior<Command> onGeneration(Worker.GenerationReport report) {
        return this;
    }

    /** A worker says what became of a checkpoint or hash. */
    Behavior<Command> onOther(Worker.Report report) {
        if (report instanceof Worker.Saved s) {
            run.saveWantedAt = 0;
            run.notes.over(Set.of(Notes.CHECKPOINT, Notes.checkpointOf(s.worker())));
            run.checkpoint = new RunView.CheckpointView(s.step(), s.where(), s.worker());
            run.events.add(new RunEvent.Saved(run.checkpoint));
        } else if (report instanceof Worker.SaveFailed f) {
            run.saveWantedAt = 0;
            run.notes.add(f.reason(), Set.of(Notes.checkpointOf(f.worker())));
        }
        return this;
    }

    Behavior<Command> onTick() {
        tell();
        run.watchWorkers(key());
        run.events.tick(run.now(), this::view);
        run.askSilent(asksForPlans());
        if (PlanChanges.stopAtTimeLimit(run)) {
            Behavior<Command> next = onPlanChanged();
            if (next != this) {
                return next;
            }
        }
        return onWorkersChanged();
    }

    boolean asksForPlans() {
        return false;
    }

    // How states are left.

    final Behavior<Command> transition(State next) {
        run.context.getLog().info("run {}: {} -> {}: {}", run.name(), key(), next.key(), next.reason);
        next.tell();
        return next.begin();
    }

    /** Begins a run; none is under way. */
    final Behavior<Command> beginRun(Coordinator.Submit m) {
        RunPlan plan = m.plan();
        if (run.isOf(plan)) {
            return answer(m, true, "run " + run.name() + " is submitted");
        }
        if (plan.minWorkers() > plan.mostMembers()) {
            return answer(
                    m,
                    false,
                    "run " + plan.run() + " wants at least " + plan.minWorkers() + " workers, but at most "
                            + plan.mostMembers() + " have a lane; give more lanes, or fewer workers");
        }
        run.begin(plan);
        run.fresh = true;
        answer(m, true, "run " + plan.run() + " is submitted");
        return transition(new Waiting(run, "submitted"));
    }

    /** Forms a generation: every member is told, and again until it has joined. */
    final Behavior<Command> form(Generation generation, String why) {
        if (!run.plan().resume()) { // from now on a worker that comes back may have a checkpoint of this run
            run.revise(run.plan().resuming(true));
        }
        Generation g = run.plan().encrypted()
                ? generation.withKey(run.environment.keys().get())
                : generation;
        run.take(g, why);
        run.tellMembers(new Worker.Join(run.epoch, g, run.reports));
        return transition(new Forming(run, why));
    }

    /** Asks the members to stop after the same step. */
    final Behavior<Command> halt(Members members, String why) {
        run.causedAt = run.now();
        members.halt(why);
        return transition(new Halting(run, why, members));
    }

    /** Goes on with the generation, or not. */
    final Behavior<Command> follow(Members.Verdict verdict) {
        return switch (verdict.next()) {
            case GO_ON -> evaluate();
            case REGROUP -> regroup(verdict.reason(), verdict.suspects());
            case FAIL -> fail(verdict.reason());
        };
    }

    /** Gathers the workers anew, for another generation or for what the operator wants. */
    final Behavior<Command> regroup(String why, Collection<String> suspects) {
        if (!(this instanceof Halting)) { // there it began with the order to halt
            run.causedAt = run.now();
        }
        return transition(new Regrouping(run, why, suspects));
    }

    /** All that was to be done is done. */
    final Behavior<Command> finish(String why) {
        run.revise(run.plan().finished(run.ending(), Excerpt.of(why)));
        return transition(new Finished(run, why));
    }

    /** The run cannot go on; {@code why} says what, where and what to do. */
    final Behavior<Command> fail(String why) {
        if (run.generation != null) {
            run.tellMembers(new Worker.Abandon(run.epoch, run.generationNumber(), why, run.reports));
        }
        run.revise(run.plan().withIntent(Intent.FAILED, Excerpt.of(why)));
        return transition(new Failed(run, why));
    }
}
