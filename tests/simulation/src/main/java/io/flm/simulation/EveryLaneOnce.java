package io.flm.simulation;

import io.flm.coordinator.RunView;
import io.flm.exchange.LaneRange;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Every lane of every step is in exactly one reduction of the history that leads to the last weights. */
final class EveryLaneOnce extends Property {
    private final Scenario scenario;
    private final Map<Long, Reduction> byResult = new HashMap<>();

    EveryLaneOnce(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    Optional<String> onReduced(Reduction r) {
        byResult.put(r.after(), r);
        List<LaneRange> lanes = r.parts().stream()
                .map(Reduction.Part::lanes)
                .sorted(Comparator.comparingInt(LaneRange::from))
                .toList();
        int next = 0;
        for (LaneRange range : lanes) {
            if (range.from() != next) {
                return Optional.of("step " + r.step() + " of generation "
                        + r.generation().number() + " is the sum of lanes " + lanes);
            }
            next = range.to();
        }
        return next == scenario.lanes()
                ? FINE
                : Optional.of("step " + r.step() + " lacks lanes from " + next + " on: " + lanes);
    }

    @Override
    Optional<String> onEnd(RunView last) {
        String hash = last.weightsSha256();
        if (hash == null) {
            return Optional.of("the run has no weights");
        }
        long weights = Long.parseUnsignedLong(hash, 16);
        for (long step = scenario.totalSteps() - 1; step >= 0; step--) {
            Reduction r = byResult.get(weights);
            if (r == null || r.step() != step) {
                return Optional.of("no reduction of step " + step + " leads to the last weights");
            }
            weights = r.before();
        }
        return weights == Weights.first(scenario.seed())
                ? FINE
                : Optional.of("the history does not begin with the first weights");
    }
}
