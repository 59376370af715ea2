package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.RunPlan.Intent;
import java.util.List;

/** The members take up the state of the first step and meet. */
final class Forming extends Active {
    private long askedAt;

    Forming(Run run, String reason) {
        super(run, reason, new Members());
        this.askedAt = since;
    }

    @Override
    String status() {
        List<String> missing = missing();
        return missing.isEmpty() ? reason : reason + "; not joined yet: " + String.join(", ", missing);
    }

    @Override
    Behavior<Command> onPlanChanged() {
        return run.plan().intent() == Intent.RUN ? this : halt(run.plan().intentReason());
    }

    @Override
    Behavior<Command> evaluate() {
        if (run.plan().intent() != Intent.RUN) { // found so by a new coordinator
            return halt(run.plan().intentReason());
        }
        List<String> missing = missing();
        if (missing.isEmpty()) {
            return transition(new Training(run, reason, members));
        }
        if (elapsedMs() >= run.settings.formingTimeoutMs()) {
            String why = "did not join generation " + run.generationNumber() + " within "
                    + run.settings.formingTimeoutMs() / 1000 + " s (flm.coordinator.forming-timeout)";
            run.setAside(missing, why);
            return regroup(String.join(", ", missing) + " " + why, missing);
        }
        if (run.now() - askedAt >= run.settings.resendMs()) {
            askedAt = run.now();
            joinAgain();
        }
        return this;
    }
}
