package io.flm.simulation;

import io.flm.coordinator.RunView;
import io.flm.worker.Generation;
import java.util.Optional;

/** Something that must hold whatever happens. Each says what is wrong as soon as it is. */
abstract class Property {
    static final Optional<String> FINE = Optional.empty();

    /** A worker enters a generation. */
    Optional<String> onEntered(Life life, Generation generation) {
        return FINE;
    }

    /** All members of a generation have contributed to a step. */
    Optional<String> onReduced(Reduction reduction) {
        return FINE;
    }

    /** A worker has committed a step. */
    Optional<String> onCommitted(Life life, Reduction reduction, long committedSteps, long weights) {
        return FINE;
    }

    /** The run as the coordinator shows it, every second. */
    Optional<String> onView(RunView view, double nowMs) {
        return FINE;
    }

    /** The run has finished, or its time is up. */
    Optional<String> onEnd(RunView last) {
        return FINE;
    }

    String name() {
        return getClass().getSimpleName();
    }
}
