package io.flm.simulation;

import io.flm.coordinator.RunView;
import java.util.Optional;

/** The run finishes, all of its steps committed and saved, once faults have stopped; without the nodes whose transports stay dead. */
final class FinishesOnceFaultsStop extends Property {
    private final Scenario scenario;

    FinishesOnceFaultsStop(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    Optional<String> onEnd(RunView last) {
        boolean whole = last.state().equals("finished") && last.step() == scenario.totalSteps();
        return whole && last.checkpoint() != null
                ? FINE
                : Optional.of("the run is " + last.state() + " at step " + last.step() + ": " + last.reason());
    }
}
