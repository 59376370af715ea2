package io.flm.simulation;

import io.flm.coordinator.RunView;
import io.flm.data.BrokenShards;
import java.util.Optional;

/** The run ends with the weights that it has where nothing happens to it, but that the shards which are left out in the end broke. */
final class SameWeightsAsUndisturbed extends Property {
    private final Scenario scenario;
    private BrokenShards broken = BrokenShards.NONE;

    SameWeightsAsUndisturbed(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    Optional<String> onCommitted(Life life, Reduction r, long committedSteps, long weights) {
        if (committedSteps == scenario.totalSteps()) {
            broken = r.generation().broken();
        }
        return FINE;
    }

    @Override
    Optional<String> onEnd(RunView last) {
        String wanted =
                Long.toHexString(Weights.after(scenario.seed(), scenario.lanes(), scenario.totalSteps(), broken));
        return wanted.equals(last.weightsSha256())
                ? FINE
                : Optional.of("the weights are " + last.weightsSha256() + ", undisturbed they are " + wanted);
    }
}
