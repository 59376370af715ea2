package io.flm.coordinator;

import io.flm.worker.Generation;
import io.flm.worker.Worker;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the members say of the exchange in the newest generation: which nodes they did not hear, and whose own exchange failed. */
final class ExchangeFailures {
    /** For each node the nodes that it did not hear. */
    private final Map<String, Set<String>> unheard = new TreeMap<>();

    /** The nodes whose own exchange failed, and how. */
    private final Map<String, String> broken = new TreeMap<>();

    /** Since when each node's own exchange fails, without a step of a generation with it meanwhile; over generations. */
    private final Map<String, Long> brokenSince = new TreeMap<>();

    /** Another run has begun. */
    void clear() {
        nextGeneration();
        brokenSince.clear();
    }

    void nextGeneration() {
        unheard.clear();
        broken.clear();
    }

    /** A member has failed. A node that names itself among the lost tells that its own exchange failed. */
    void add(Generation g, Worker.Failed f) {
        String node = g.members().get(g.rankOf(f.worker())).node();
        if (f.lostNodes().contains(node)) {
            broken.putIfAbsent(node, f.cause());
        } else if (!f.lostNodes().isEmpty()) {
            unheard.computeIfAbsent(node, by -> new TreeSet<>()).addAll(f.lostNodes());
        }
    }

    /** Since when a node's own exchange fails; null: it does not. */
    @Nullable Long failingSince(String node) {
        return brokenSince.get(node);
    }

    /** The nodes whose own exchange failed, and how. */
    Map<String, String> broken() {
        return broken;
    }

    /** A step was committed with these nodes. */
    void forgive(Collection<String> nodes) {
        brokenSince.keySet().removeAll(nodes);
    }

    /**
     * The nodes with which the next generation would come to nothing too, and why.
     *
     * @param nodes those that answer
     * @param holders those of them that hold the newest state
     */
    Map<String, String> leftOut(long generation, Set<String> nodes, Set<String> holders, long now) {
        broken.keySet().forEach(node -> brokenSince.putIfAbsent(node, now));
        Map<String, String> out = new TreeMap<>();
        Reachability.broken(broken.keySet(), nodes, holders)
                .forEach(node -> out.put(
                        node, "left generation " + generation + ", which committed no step: " + broken.get(node)));
        Set<String> hearing = new TreeSet<>(nodes);
        hearing.removeAll(out.keySet());
        Map<String, Set<String>> apart = new TreeMap<>(unheard);
        apart.keySet().removeAll(broken.keySet());
        apart.values().forEach(others -> others.removeAll(broken.keySet()));
        Reachability.leftOut(apart, hearing, holders)
                .forEach((node, others) -> out.put(
                        node,
                        "did not hear " + String.join(", ", others) + ", or was not heard there, in generation "
                                + generation + ", which committed no step; let UDP pass between them"
                                + " (flm.exchange.port)"));
        unheard.clear();
        return out;
    }
}
