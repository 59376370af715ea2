package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Worker;

/**
 * The states between generations: whoever answers is kept from entering an older one, and what is known of the workers is looked
 * at again and again.
 */
abstract class Between extends UnderWay {
    Between(Run run, String reason) {
        super(run, reason);
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        fence(d);
        return super.onDescribed(d);
    }

    @Override
    Behavior<Command> onWorkersChanged() {
        return evaluate();
    }

    @Override
    Behavior<Command> onTick() {
        Behavior<Command> next = super.onTick();
        return next == this ? evaluate() : next;
    }

    /** Something is known that was not before, or time has passed. */
    Behavior<Command> evaluate() {
        return this;
    }
}
