package io.flm.simulation;

import io.flm.coordinator.RunView;
import java.util.Optional;

/** The run and each worker always say why they are in their state. */
final class NoWaitWithoutReason extends Property {
    @Override
    Optional<String> onView(RunView view, double nowMs) {
        if (view.reason().isBlank()) {
            return Optional.of("the run is " + view.state() + " and does not say why");
        }
        return view.workers().stream()
                .filter(w -> w.reason().isBlank())
                .findFirst()
                .map(w -> w.name() + " is " + w.state() + " and does not say why");
    }
}
