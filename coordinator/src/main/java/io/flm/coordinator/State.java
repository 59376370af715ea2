package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.Receive;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Generation;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;

/**
 * What all states of a {@link Coordinator} do alike: questions are answered, the books on the workers are kept, silent workers
 * are asked, and orders of the operator become a new revision of the plan. What follows is the state's.
 */
abstract class State extends AbstractBehavior<Command> {
    /** What a coordinator tells itself. */
    sealed interface Internal extends Command {}

    /** Time has passed. */
    record Tick() implements Internal {}

    final Run run;
    final String reason;

    /** When this state began. */
    final long since;

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
                .onMessage(Coordinator.GetGenerations.class, m -> {
                    m.replyTo().tell(run.history.view());
                    return this;
                })
                .onMessage(Coordinator.AwaitEnd.class, this::onAwaitEnd)
                .onMessage(Coordinator.Submit.class, this::onSubmit)
                .onMessage(Coordinator.Pause.class, m -> onPause(m.reason(), m.replyTo()))
                .onMessage(Coordinator.Continue.class, m -> onContinue(m.replyTo()))
                .onMessage(Coordinator.SaveNow.class, m -> onSaveNow(m.replyTo()))
                .onMessage(Coordinator.Stop.class, m -> onStop(m.reason(), m.replyTo()))
                .onMessage(Coordinator.Drain.class, m -> onDrain(m.worker(), m.reason(), m.replyTo()))
                .onMessage(Coordinator.Admit.class, m -> onAdmit(m.worker(), m.replyTo()))
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

    final long elapsedMs() {
        return run.now() - since;
    }

    private Behavior<Command> onAwaitEnd(Coordinator.AwaitEnd m) {
        if (view().ended() && run.plan().id().equals(m.id())) {
            m.replyTo().tell(view());
        } else {
            run.await(m);
        }
        return this;
    }

    /** Only states without a run under way begin one; a submission that was doubled is no second run. */
    Behavior<Command> onSubmit(Coordinator.Submit m) {
        boolean same = run.plan != null && run.plan.id().equals(m.plan().id());
        String name = run.name();
        return same
                ? accept(m.replyTo(), "run " + name + " is submitted")
                : decline(m.replyTo(), "run " + name + " is " + key() + "; stop it first");
    }

    Behavior<Command> onPause(String why, ActorRef<Answer> replyTo) {
        return decline(replyTo, "there is no run to pause");
    }

    Behavior<Command> onContinue(ActorRef<Answer> replyTo) {
        return decline(replyTo, "there is no run that was paused");
    }

    Behavior<Command> onSaveNow(ActorRef<Answer> replyTo) {
        return decline(replyTo, "nothing trains now; a checkpoint is written when a run is paused or stopped");
    }

    Behavior<Command> onStop(String why, ActorRef<Answer> replyTo) {
        return decline(replyTo, "there is no run to stop");
    }

    Behavior<Command> onDrain(String worker, String why, ActorRef<Answer> replyTo) {
        return decline(replyTo, "there is no run to drain " + worker + " from");
    }

    Behavior<Command> onAdmit(String worker, ActorRef<Answer> replyTo) {
        return decline(replyTo, "there is no run to take " + worker + " into");
    }

    private Behavior<Command> onListed(Coordinator.Listed m) {
        run.roster.list(m.workers(), run.now());
        run.askSilent(asksForPlans());
        return onWorkersChanged();
    }

    private Behavior<Command> onReport(Worker.Report report) {
        if (report instanceof Worker.Described d) {
            if (!run.roster.described(d, run.now())) {
                return this; // not listed: it cannot be reached, and is listed again when it can
            }
            if (run.epoch > 0 && d.epoch() > run.epoch) {
                run.context
                        .getLog()
                        .info("worker {} has seen epoch {}: going on as {}", d.worker(), d.epoch(), d.epoch() + 1);
                run.epoch = d.epoch() + 1;
            }
            run.admitRestarted(d);
            return onDescribed(d);
        }
        if (report instanceof Worker.GenerationReport g) {
            boolean current = run.generation != null && g.generation() == run.generation.number();
            if (!current || run.generation().rankOf(g.worker()) < 0) {
                return onStale(g);
            }
            if (g instanceof Worker.Failed f) {
                run.hear(f);
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

    Behavior<Command> onDescribed(Worker.Described d) {
        run.bringUpToDate(d);
        return onWorkersChanged();
    }

    /** A worker came, went, or said where it stands. */
    Behavior<Command> onWorkersChanged() {
        return this;
    }

    /** A member says something of the generation at hand. */
    Behavior<Command> onGeneration(Worker.GenerationReport report) {
        return this;
    }

    /** A worker says what became of a checkpoint or hash. */
    Behavior<Command> onOther(Worker.Report report) {
        if (report instanceof Worker.Saved s) {
            run.saveWantedAt = 0;
            run.over(Set.of(Run.CHECKPOINT, Run.checkpointOf(s.worker())));
            run.checkpoint = new RunView.CheckpointView(s.step(), s.where(), s.worker());
        } else if (report instanceof Worker.SaveFailed f) {
            run.saveWantedAt = 0;
            run.note(f.reason(), Set.of(Run.checkpointOf(f.worker())));
        }
        return this;
    }

    Behavior<Command> onTick() {
        run.askSilent(asksForPlans());
        return this;
    }

    boolean asksForPlans() {
        return false;
    }

    final Behavior<Command> accept(ActorRef<Answer> replyTo, String why) {
        replyTo.tell(new Answer(true, key(), why));
        return this;
    }

    final Behavior<Command> decline(ActorRef<Answer> replyTo, String why) {
        replyTo.tell(new Answer(false, key(), why));
        return this;
    }

    final Behavior<Command> transition(State next) {
        run.context.getLog().info("run {}: {} -> {}: {}", run.name(), key(), next.key(), next.reason);
        return next.begin();
    }

    /** What a state does at once; it may lead to another one. */
    Behavior<Command> begin() {
        return this;
    }

    /** Forms a generation: every member is told, and again until it has joined. */
    final Behavior<Command> form(Generation generation, String why) {
        if (!run.plan().resume()) { // from now on a worker that comes back may have a checkpoint of this run
            run.revise(run.plan().resuming(true));
        }
        Generation g =
                run.plan().encrypted() ? generation.withKey(run.world.keys().get()) : generation;
        run.take(g, why);
        run.tellMembers(new Worker.Join(run.epoch, g, run.reports));
        return transition(new Forming(run, why));
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
        State next = new Finished(run, why);
        run.ended(next.view());
        return transition(next);
    }

    /** The run cannot go on; {@code why} says what, where and what to do. */
    final Behavior<Command> fail(String why) {
        if (run.generation != null) {
            run.tellMembers(new Worker.Abandon(run.epoch, run.generationNumber(), why, run.reports));
        }
        run.revise(run.plan().withIntent(Intent.FAILED, Excerpt.of(why)));
        State next = new Failed(run, why);
        run.ended(next.view());
        return transition(next);
    }
}
