package io.flm.simulation;

import io.flm.worker.Generation;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** No worker enters a generation after a newer one. */
final class GenerationsOnlyGrow extends Property {
    private final Map<Life, Long> newest = new HashMap<>();

    @Override
    Optional<String> onEntered(Life life, Generation generation) {
        Long before = newest.put(life, generation.number());
        return before == null || before < generation.number()
                ? FINE
                : Optional.of(life.node.worker + " enters generation " + generation.number() + " after " + before);
    }
}
