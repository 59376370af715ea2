package io.flm.simulation;

import io.flm.exchange.LaneRange;
import io.flm.worker.Generation;
import java.util.List;

/**
 * What all members of a generation have contributed to a step.
 *
 * @param group counts the groups of members, in the order in which they began
 * @param parts in the order in which they came
 * @param sum of all parts
 * @param stop whether a member wants this to be the last step
 * @param lives of the members
 */
record Reduction(
        Generation generation, long group, long step, List<Part> parts, long sum, boolean stop, List<Life> lives) {
    /** What one member has contributed, and the weights that it had before. */
    record Part(String worker, LaneRange lanes, long weights, long sum, boolean stop) {}

    Reduction {
        parts = List.copyOf(parts);
        lives = List.copyOf(lives);
    }

    /** The weights that lead to what they lead to. */
    long before() {
        return parts.get(0).weights();
    }

    long after() {
        return Weights.next(before(), step, sum);
    }
}
