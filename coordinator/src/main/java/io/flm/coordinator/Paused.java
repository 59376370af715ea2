package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.RunPlan.Intent;
import io.flm.worker.Worker;
import java.util.List;

/** The operator wants the run to wait. Workers stay prepared, keep their state, and may come and go. */
final class Paused extends State {
    Paused(Run run, String reason) {
        super(run, reason);
        run.attempts.forget();
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        run.fence(d, reason);
        return super.onDescribed(d);
    }

    @Override
    Behavior<Command> onPlanChanged() {
        return run.plan().intent() == Intent.PAUSE ? this : regroup(run.plan().intentReason(), List.of());
    }
}
