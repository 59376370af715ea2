package io.flm.coordinator;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.Coordinator.Command;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.worker.RunPlan;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The states of a run that has not ended. What the operator wants goes into the plan; the state acts on it. */
abstract class UnderWay extends State {
    static final String TIME_LIMIT = "the time limit is reached";

    UnderWay(Run run, String reason) {
        super(run, reason);
    }

    /** The plan has changed. */
    abstract Behavior<Command> onPlanChanged();

    @Override
    Behavior<Command> onPause(String why, ActorRef<Answer> replyTo) {
        if (run.plan().intent() == Intent.STOP) {
            return decline(
                    replyTo,
                    "run " + run.name() + " is being stopped: " + run.plan().intentReason());
        }
        accept(replyTo, "run " + run.name() + " pauses after the step at hand, with a checkpoint");
        return intend(Intent.PAUSE, why);
    }

    @Override
    Behavior<Command> onContinue(ActorRef<Answer> replyTo) {
        if (run.plan().intent() != Intent.PAUSE) {
            return decline(replyTo, "run " + run.name() + " is not paused, but " + key());
        }
        accept(replyTo, "run " + run.name() + " goes on");
        return intend(Intent.RUN, "continued");
    }

    @Override
    Behavior<Command> onStop(String why, ActorRef<Answer> replyTo) {
        accept(replyTo, "run " + run.name() + " ends after the step at hand, with a checkpoint");
        return intend(Intent.STOP, why);
    }

    private Behavior<Command> intend(Intent intent, String why) {
        if (run.plan().intent() == intent) {
            return this;
        }
        run.causedAt = run.now();
        run.revise(run.plan().withIntent(intent, why.isBlank() ? "the operator asked" : why));
        return onPlanChanged();
    }

    @Override
    Behavior<Command> onDrain(String worker, String why, ActorRef<Answer> replyTo) {
        if (run.roster.of(worker).isEmpty()) {
            return decline(replyTo, unknown(worker));
        }
        accept(replyTo, "worker " + worker + " is left out from the next generation on");
        if (run.plan().drained().containsKey(worker)) {
            return this;
        }
        run.causedAt = run.now();
        String reason = why.isBlank() ? "the operator asked" : why;
        run.revise(run.plan()
                .withDrained(worker, Excerpt.of(reason, run.candidates().size())));
        return onPlanChanged();
    }

    @Override
    Behavior<Command> onAdmit(String worker, ActorRef<Answer> replyTo) {
        if (!run.plan().drained().containsKey(worker)) {
            return decline(replyTo, "worker " + worker + " is not drained");
        }
        accept(replyTo, "worker " + worker + " is taken in with the next generation");
        run.revise(run.plan().withoutDrained(worker));
        return onPlanChanged();
    }

    private String unknown(String worker) {
        String known = run.candidates().stream().map(Candidate::name).collect(Collectors.joining(", "));
        return "there is no worker " + worker + "; there are: " + known;
    }

    @Override
    Behavior<Command> onTick() {
        super.onTick();
        RunPlan plan = run.plan();
        boolean due = plan.deadline() > 0 && run.world.clock().millis() >= plan.deadline();
        return due && plan.intent() == Intent.RUN ? intend(Intent.STOP, TIME_LIMIT) : this;
    }

    /**
     * What the workers are to a new generation. Only such count as ready that will not enter an older one any more: what they
     * hold cannot change until they are told.
     */
    final List<Candidate> fenced() {
        long number = run.generationNumber();
        List<Candidate> fenced = new ArrayList<>();
        for (Candidate c : run.candidates()) {
            boolean behind = c.self() != null && isBehind(c.self());
            boolean free = c.standing() == Standing.READY
                    || c.standing() == Standing.DRAINED
                    || (c.standing() == Standing.ASIDE
                            && c.self() != null
                            && c.self().phase() == Worker.Phase.WAITING);
            fenced.add(
                    behind && free
                            ? new Candidate(c.name(), c.self(), Standing.BUSY, "is asked to leave generation " + number)
                            : c);
        }
        return fenced;
    }

    private boolean isBehind(Worker.Described d) {
        return d.lastGeneration() < run.generationNumber() || d.epoch() < run.epoch;
    }

    /** Between generations: no worker is to enter an older one any more, nor one of an older coordinator. */
    final void fence(Worker.Described d) {
        boolean inside = d.generation() != null && d.phase() != Worker.Phase.LEAVING;
        if (inside || isBehind(d)) {
            long number = Math.max(run.generationNumber(), d.lastGeneration());
            d.self().tell(new Worker.Abandon(run.epoch, number, reason, run.reports));
        }
    }
}
