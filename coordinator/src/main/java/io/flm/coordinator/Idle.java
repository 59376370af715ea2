package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Worker;

/** No run is known. */
final class Idle extends State {
    Idle(Run run, String reason) {
        super(run, reason);
    }

    @Override
    Behavior<Command> onSubmit(Coordinator.Submit m) {
        return beginRun(m);
    }

    /** A worker may come late and know of a run that is under way. */
    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        return d.run().isEmpty() ? this : transition(new Discovering(run, "worker " + d.worker() + " knows a run"));
    }
}
