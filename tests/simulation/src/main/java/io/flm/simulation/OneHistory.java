package io.flm.simulation;

import io.flm.coordinator.RunView;
import io.flm.data.BrokenShards;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * There are no two histories: once a generation has reduced a step no older one does, and a step leads to one result. Members
 * that are cut off together, or were stopped, may go on for a moment until they hear that the others have removed them: what
 * they commit meanwhile is lost with them.
 */
final class OneHistory extends Property {
    private final Map<State, Long> results = new HashMap<>();
    private final List<Reduction> late = new ArrayList<>();
    private long newest;

    /** What weights follow from: that a shard broke between a step and its repetition is no second history. */
    private record State(long committedSteps, BrokenShards broken) {}

    @Override
    Optional<String> onReduced(Reduction r) {
        if (r.lives().stream().allMatch(life -> life.removed || life.awaySince >= 0)) {
            return FINE; // all of them cut off, it may be with a coordinator that forms generations of its own
        }
        if (r.group() < newest) {
            late.add(r);
        }
        newest = Math.max(newest, r.group());
        return FINE;
    }

    @Override
    Optional<String> onCommitted(Life life, Reduction r, long committedSteps, long weights) {
        BrokenShards broken = r.generation().broken().before(committedSteps);
        Long before = results.putIfAbsent(new State(committedSteps, broken), weights);
        return before == null || before == weights
                ? FINE
                : Optional.of("step " + r.step() + " leads to other weights on " + life.node.worker + " in generation "
                        + r.generation().number() + " than before");
    }

    @Override
    Optional<String> onEnd(RunView last) {
        return late.stream()
                .filter(r -> r.lives().stream().anyMatch(life -> !life.over && !life.removed && life.awaySince < 0))
                .findFirst()
                .map(r -> "generation " + r.generation().number() + " has reduced step " + r.step()
                        + " after a newer one had begun");
    }
}
