package io.flm.simulation;

import io.flm.coordinator.RunView;
import java.util.Optional;

/**
 * The run commits steps while nothing is wrong but that some nodes' transports are dead. They answer all that the coordinator asks,
 * so nobody but the exchange can tell it to leave them out.
 */
final class GetsOnWithoutDeadTransports extends Property {
    /** Longer than what such a node holds is waited for, and others take to be prepared, to fetch the state and to do a step. */
    private static final double WITHIN_MS = 120_000;

    private final Scenario scenario;
    private long steps;
    private double steppedAtMs;

    GetsOnWithoutDeadTransports(Scenario scenario) {
        this.scenario = scenario;
    }

    @Override
    Optional<String> onView(RunView view, double nowMs) {
        if (view.step() > steps || nowMs < scenario.calmFromMs()) {
            steps = Math.max(steps, view.step());
            steppedAtMs = nowMs;
        }
        boolean owed = scenario.hasDeadTransport(nowMs) && !view.ended();
        return owed && nowMs - steppedAtMs > WITHIN_MS
                ? Optional.of(String.format(
                        "no step for %.0f s, while nothing is wrong but dead transports: the run is %s at step %d: %s",
                        (nowMs - steppedAtMs) / 1e3, view.state(), view.step(), view.reason()))
                : FINE;
    }
}
