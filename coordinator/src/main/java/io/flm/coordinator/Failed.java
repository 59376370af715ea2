package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Worker;

/** The run cannot go on; the reason says what, where and what to do. */
final class Failed extends State {
    Failed(Run run, String reason) {
        super(run, reason);
    }

    @Override
    Behavior<Command> onSubmit(Coordinator.Submit m) {
        return beginRun(m);
    }

    /** Orders that were lost are given again: the end of a run must reach all of its workers. */
    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        run.tellEnd(d, reason);
        return this;
    }
}
