package io.flm.coordinator;

import akka.actor.typed.Behavior;
import io.flm.coordinator.Coordinator.Command;
import io.flm.worker.Worker;

/** The states between generations: whoever answers is kept from entering an older one. */
abstract class Between extends UnderWay {
    Between(Run run, String reason) {
        super(run, reason);
    }

    @Override
    Behavior<Command> onDescribed(Worker.Described d) {
        fence(d);
        return super.onDescribed(d);
    }
}
