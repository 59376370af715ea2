package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.List;

/** The members take up the state of the first step and join. */
final class Forming extends State {
    private final Members members;
    private long askedAt;

    Forming(Run run, String reason) {
        super(run, reason);
        this.members = new Members(run);
        this.askedAt = since;
    }

    @Override
    String status() {
        List<String> missing = members.missing();
        return missing.isEmpty() ? reason : reason + "; not joined yet: " + String.join(", ", missing);
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
        return run.plan().intent() == Intent.RUN
                ? this
                : halt(members, run.plan().intentReason());
    }

    @Override
    Behavior<Command> evaluate() {
        if (run.plan().intent() != Intent.RUN) { // found so by a new coordinator
            return halt(members, run.plan().intentReason());
        }
        List<String> missing = members.missing();
        if (missing.isEmpty()) {
            return transition(new Training(run, reason, members));
        }
        if (elapsedMs() >= run.settings.formingTimeoutMs()) {
            String why = "did not join generation " + run.generationNumber() + " within "
                    + run.settings.formingTimeoutMs() / 1000 + " s (flm.coordinator.forming-timeout)";
            run.quarantine(missing, why);
            return regroup(String.join(", ", missing) + " " + why, missing);
        }
        if (run.now() - askedAt >= run.settings.resendMs()) {
            askedAt = run.now();
            members.joinAgain();
        }
        return this;
    }
}
