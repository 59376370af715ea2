package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.coordinator.Membership.Candidate;
import io.flm.coordinator.Membership.Standing;
import io.flm.worker.FailureKind;
import io.flm.worker.Worker;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * The generation is over, or given up. After a fire alarm a class gathers in the yard and is counted before it goes on: every
 * worker is asked to leave the generation and to say which step it holds. A worker that does not answer is waited for only as long
 * as the settings say; it can join a later generation.
 *
 * <p>Nothing is decided before that. A member may hold one step more than the others, and a worker that still trains could change
 * what it holds.
 */
final class Regrouping extends State {
    private final Set<String> suspects;
    private long askedAt;

    /** @param suspects whose loss is the cause: they are waited for only briefly */
    Regrouping(Run run, String reason, Collection<String> suspects) {
        super(run, reason);
        this.suspects = Set.copyOf(suspects);
    }

    @Override
    String status() {
        List<String> pending = pending();
        return pending.isEmpty() ? reason : reason + "; waits for " + String.join(", ", pending);
    }

    @Override
    Behavior<Command> begin() {
        if (run.saveWantedAt > 0) {
            run.saveWantedAt = 0;
            run.notes.add(
                    "the checkpoint that was asked for is not written, since the generation ended; ask again",
                    Set.of(Notes.CHECKPOINT));
        }
        run.roster.forgetAnswers(since);
        ask();
        return evaluate();
    }

    private void ask() {
        askedAt = run.now();
        for (Roster.Entry e : run.roster.entries()) {
            if (!e.answered || e.self == null || e.self.lastGeneration() < run.generationNumber()) {
                e.ref.tell(new Worker.Abandon(run.epoch, run.generationNumber(), reason, run.reports));
            }
        }
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        run.fence(d, reason);
        return super.onDescribed(d);
    }

    /** A failure of the user's is the cause, even if others have told first that a member left. */
    @Override
    Behavior<Command> onGeneration(Worker.GenerationReport report) {
        if (report instanceof Worker.Failed f && f.kind() == FailureKind.USER) {
            return fail(f.cause());
        }
        if (report instanceof Worker.Failed f && f.kind() == FailureKind.BROKEN) {
            run.notes.addOnce("worker " + f.worker() + " is left out: " + f.cause(), f.worker());
        }
        if (report instanceof Worker.Failed f && f.kind() == FailureKind.SHARD) {
            run.leftOut(f);
        }
        return this;
    }

    @Override
    Behavior<Command> onPlanChanged() {
        return this;
    }

    @Override
    Behavior<Command> onTick() {
        if (run.now() - askedAt >= run.settings.resendMs()) {
            ask();
        }
        return super.onTick();
    }

    @Override
    Behavior<Command> evaluate() {
        if (!pending().isEmpty()) {
            return this;
        }
        run.judge(Membership.holders(run.plan(), run.fenced()), reason);
        return transition(new Waiting(run, reason));
    }

    /** The workers that are still waited for. */
    private List<String> pending() {
        return run.fenced().stream()
                .filter(this::isWorthWaiting)
                .map(Candidate::name)
                .toList();
    }

    private boolean isWorthWaiting(Candidate c) {
        Worker.Described d = c.self();
        if (d == null
                || c.standing() == Standing.PREPARING
                || !d.run().equals(run.plan().id())) {
            return false;
        }
        if (c.standing() == Standing.BUSY && d.generation() != null) {
            return elapsedMs() < run.settings.leaveTimeoutMs();
        }
        boolean silent = c.standing() == Standing.BUSY
                || (c.standing() == Standing.SILENT
                        && run.roster.of(c.name()).filter(e -> e.expected).isPresent()); // else it was given up before
        long limitMs = suspects.contains(c.name()) ? run.settings.lostWaitMs() : run.settings.answerTimeoutMs();
        return silent && elapsedMs() < limitMs;
    }
}
