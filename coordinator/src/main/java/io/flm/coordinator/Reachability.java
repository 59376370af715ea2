package io.flm.coordinator;

import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Decides which nodes are left out if some do not hear each other in the exchange, though all of them answer the coordinator. No
 * clock, no I/O.
 *
 * <p>If one guest at a table says that he cannot hear his neighbour, either may be at fault. If three say so of the same one, it is
 * that one who should leave. So the node that is apart from the most others is left out first, then it is looked at again who is
 * still apart. Leaving out every node that anybody names would be simpler, but one deaf node would empty the table.
 */
final class Reachability {
    private Reachability() {}

    /**
     * The nodes without which all others hear each other, one after the other: the one that is apart from the most nodes; of equal ones
     * one that does not hold the state, then the one that more have named.
     *
     * @param unheard for each node that told of any, the nodes that it did not hear, or was told of by one that left
     * @param nodes those in question
     * @param holders nodes that hold the newest state; one of them is kept
     * @return for each node to leave out, the others from which it is apart
     */
    static SortedMap<String, Set<String>> leftOut(
            Map<String, Set<String>> unheard, Set<String> nodes, Set<String> holders) {
        Map<String, Set<String>> apart = new TreeMap<>();
        Map<String, Integer> named = new TreeMap<>();
        unheard.forEach((by, others) -> others.forEach(of -> {
            // One that has named others, but not this one, has heard it: then this one had it from somebody else.
            boolean heard = unheard.containsKey(of) && !unheard.get(of).contains(by);
            if (!heard && !of.equals(by) && nodes.contains(by) && nodes.contains(of)) {
                apart.computeIfAbsent(by, node -> new TreeSet<>()).add(of);
                apart.computeIfAbsent(of, node -> new TreeSet<>()).add(by);
                named.merge(of, 1, Integer::sum);
            }
        }));
        Set<String> keeping = new TreeSet<>(holders);
        SortedMap<String, Set<String>> out = new TreeMap<>();
        while (true) {
            Optional<Map.Entry<String, Set<String>>> worst = apart.entrySet().stream()
                    .filter(e -> !out.containsKey(e.getKey()) && count(e.getValue(), out) > 0)
                    .filter(e -> !keeping.equals(Set.of(e.getKey())))
                    .max(Comparator.comparing((Map.Entry<String, Set<String>> e) -> count(e.getValue(), out))
                            .thenComparing(e -> !keeping.contains(e.getKey()))
                            .thenComparing(e -> named.getOrDefault(e.getKey(), 0))
                            .thenComparing(Map.Entry.comparingByKey()));
            if (worst.isEmpty()) {
                return out;
            }
            out.put(worst.get().getKey(), worst.get().getValue());
            keeping.remove(worst.get().getKey());
        }
    }

    /**
     * The nodes whose own exchange failed. If there are no others, one of them is kept: alone in its process a node needs no exchange.
     *
     * @param nodes those in question
     * @param holders nodes that hold the newest state; one of them is kept
     */
    static Set<String> broken(Set<String> broken, Set<String> nodes, Set<String> holders) {
        Set<String> out = new TreeSet<>(broken);
        out.retainAll(nodes);
        if (out.equals(nodes)) {
            out.stream().filter(holders::contains).findFirst().ifPresent(out::remove);
        }
        return out;
    }

    /** Those that are not left out already. */
    private static long count(Set<String> nodes, Map<String, Set<String>> out) {
        return nodes.stream().filter(node -> !out.containsKey(node)).count();
    }
}
