package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Worker;
import java.util.List;

/** The members were asked to stop after the same step. What follows is decided when they have, by the plan as it is then. */
final class Halting extends State {
    private final Members members;
    private long askedAt;

    Halting(Run run, String reason, Members members) {
        super(run, reason);
        this.members = members;
        this.askedAt = since;
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        members.described(d);
        return super.onDescribed(d);
    }

    @Override
    Behavior<Command> onGeneration(Worker.GenerationReport report) {
        return follow(members.reported(report));
    }

    @Override
    Behavior<Command> onWorkersChanged() {
        return follow(members.check());
    }

    @Override
    Behavior<Command> onPlanChanged() {
        return this;
    }

    @Override
    Behavior<Command> evaluate() {
        if (elapsedMs() >= run.settings.haltTimeoutMs()) {
            return regroup(
                    reason + "; " + String.join(", ", members.running()) + " did not stop within "
                            + run.settings.haltTimeoutMs() / 1000 + " s (flm.coordinator.halt-timeout)",
                    List.of());
        }
        if (run.now() - askedAt >= run.settings.resendMs()) {
            askedAt = run.now();
            members.joinAgain(); // a member that never joined keeps the others from the step at which they would stop
            members.haltAgain();
        }
        return this;
    }
}
