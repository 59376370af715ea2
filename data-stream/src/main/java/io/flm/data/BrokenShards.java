package io.flm.data;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The shards that stay broken, each with the step from which on none of its samples is trained on. It is a part of the state of a run, as
 * weights are: all lanes of a step leave out the same, whoever met the fault.
 *
 * @param firstSteps by shard, as {@link BrokenShard#shard} calls it
 */
public record BrokenShards(Map<String, Long> firstSteps) {
    /** All shards are whole, as far as is known. */
    public static final BrokenShards NONE = new BrokenShards(Map.of());

    /** With more it is no shard that is broken, but a server. */
    static final int MOST = 100;

    public BrokenShards {
        firstSteps = Collections.unmodifiableSortedMap(new TreeMap<>(firstSteps));
    }

    /**
     * With one more, from this step on, or from an earlier one.
     *
     * @throws UserException where they are too many
     */
    public BrokenShards with(String shard, long step) {
        if (firstSteps.size() >= MOST && !firstSteps.containsKey(shard)) {
            throw new UserException("more than " + MOST + " shards stay broken, such as " + shard
                    + ": look at their server; the run goes on with --resume");
        }
        return and(new BrokenShards(Map.of(shard, step)));
    }

    /** Those of both, each from the earlier step on. */
    public BrokenShards and(BrokenShards other) {
        SortedMap<String, Long> both = new TreeMap<>(firstSteps);
        other.firstSteps.forEach((shard, step) -> both.merge(shard, step, Math::min));
        return new BrokenShards(both);
    }

    /** Whether it says of all that the other says, and no later. */
    public boolean includes(BrokenShards other) {
        return and(other).equals(this);
    }

    /** Those that a step leaves out. */
    public BrokenShards at(long step) {
        SortedMap<String, Long> then = new TreeMap<>(firstSteps);
        then.values().removeIf(first -> first > step);
        return then.size() == firstSteps.size() ? this : new BrokenShards(then);
    }

    /** Those that the state after so many committed steps was trained without: two states with the same are the same. */
    public BrokenShards before(long committedSteps) {
        return at(committedSteps - 1);
    }

    /** {@code shard from step N on}, of each. */
    @Override
    public String toString() {
        return firstSteps.isEmpty()
                ? "none"
                : String.join(
                        ", ",
                        firstSteps.entrySet().stream()
                                .map(each -> each.getKey() + " from step " + each.getValue() + " on")
                                .toList());
    }
}
