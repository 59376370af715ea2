package io.flm.simulation;

import io.flm.coordinator.RunView;
import java.util.Optional;

/** The run ends with the weights that it has where nothing happens to it. */
final class SameWeightsAsUndisturbed extends Property {
    private final Scenario scenario;

    SameWeightsAsUndisturbed(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    Optional<String> onEnd(RunView last) {
        String wanted = Long.toHexString(Weights.after(scenario.seed(), scenario.lanes(), scenario.totalSteps()));
        return wanted.equals(last.weightsSha256())
                ? FINE
                : Optional.of("the weights are " + last.weightsSha256() + ", undisturbed they are " + wanted);
    }
}
