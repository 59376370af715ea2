package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Generation;
import io.flm.worker.Worker;
import java.util.List;

/** The members were asked to stop after the same step. What follows is decided when they have: by the plan as it is then. */
final class Halting extends Active {
    private long askedAt;

    Halting(Run run, String reason, Members members) {
        super(run, reason, members);
        this.askedAt = since;
    }

    @Override
    Behavior<Command> onPlanChanged() {
        return this;
    }

    @Override
    String haltReason(Worker.Halted h) {
        return reason;
    }

    @Override
    Behavior<Command> evaluate() {
        List<String> running = run.generation().members().stream()
                .map(Generation.Member::worker)
                .filter(name -> !members.halted().containsKey(name))
                .toList();
        if (elapsedMs() >= run.settings.haltTimeoutMs()) {
            return regroup(
                    reason + "; " + String.join(", ", running) + " did not stop within "
                            + run.settings.haltTimeoutMs() / 1000 + " s (flm.coordinator.halt-timeout)",
                    List.of());
        }
        if (run.now() - askedAt >= run.settings.resendMs()) {
            askedAt = run.now();
            joinAgain(); // a member that never joined keeps the others from the step at which they would stop
            running.forEach(
                    name -> run.tell(name, new Worker.Halt(run.epoch, run.generationNumber(), reason, run.reports)));
        }
        return this;
    }
}
