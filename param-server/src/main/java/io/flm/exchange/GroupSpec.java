package io.flm.exchange;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * What the members of a process group have agreed on: who they are, which lanes each runs, where their nodes are reached. All
 * members join with an equal spec.
 *
 * @param generation only grows; every frame carries it
 * @param segments number of segments of the flat buffer
 * @param codec how values are held and sent
 * @param ranks the members: lanes in contiguous runs from lane 0 on, the ranks of a node adjacent, nodes in ascending order
 * @param names of each node, as users know it, for messages
 * @param endpoints of each node, as {@link ExchangeNode#endpoint()} gave it; they are no text for a log
 * @param holders the ranks that hold the state of the generation's first step; the others fetch it from these
 * @param key encrypts the frames of this generation (32 bytes, AES-256-GCM), or empty: in the clear
 */
public record GroupSpec(
        long generation,
        int segments,
        Codec codec,
        List<Rank> ranks,
        List<String> names,
        List<String> endpoints,
        List<Integer> holders,
        byte[] key) {
    /** Bytes of a key. */
    public static final int KEY_BYTES = 32;

    /**
     * One member.
     *
     * @param lanes what it runs in each step; never empty
     * @param node the index of its node
     */
    public record Rank(LaneRange lanes, int node) {}

    public GroupSpec {
        ranks = List.copyOf(ranks);
        names = List.copyOf(names);
        endpoints = List.copyOf(endpoints);
        holders = List.copyOf(new TreeSet<>(holders));
        key = key.clone();
        requireSound(segments, ranks, names, endpoints, holders, key);
    }

    /** Of nodes without names. */
    public GroupSpec(
            long generation,
            int segments,
            Codec codec,
            List<Rank> ranks,
            List<String> endpoints,
            List<Integer> holders,
            byte[] key) {
        this(
                generation,
                segments,
                codec,
                ranks,
                IntStream.range(0, endpoints.size())
                        .mapToObj(node -> "node " + node)
                        .toList(),
                endpoints,
                holders,
                key);
    }

    /** A group of the workers of one process: no endpoint is needed. */
    public static GroupSpec local(long generation, int segments, Codec codec, List<LaneRange> lanes) {
        return new GroupSpec(
                generation,
                segments,
                codec,
                lanes.stream().map(range -> new Rank(range, 0)).toList(),
                List.of(""),
                List.of(),
                new byte[0]);
    }

    public int worldSize() {
        return ranks.size();
    }

    public int nodeCount() {
        return endpoints.size();
    }

    public int laneCount() {
        return ranks.get(ranks.size() - 1).lanes().to();
    }

    public LaneRange lanes(int rank) {
        return ranks.get(rank).lanes();
    }

    /** The lanes of all ranks of a node. */
    public LaneRange nodeLanes(int node) {
        List<Integer> its = ranksOf(node);
        return new LaneRange(
                lanes(its.get(0)).from(), lanes(its.get(its.size() - 1)).to());
    }

    /** The ranks that run on a node. */
    List<Integer> ranksOf(int node) {
        return IntStream.range(0, ranks.size())
                .filter(rank -> ranks.get(rank).node() == node)
                .boxed()
                .toList();
    }

    public boolean encrypted() {
        return key.length > 0;
    }

    /** The ranks of a node as an error names them: {@code rank 3} or {@code ranks 2-3}. */
    String rankNames(int node) {
        List<Integer> its = ranksOf(node);
        int first = its.get(0);
        int last = its.get(its.size() - 1);
        return first == last ? "rank " + first : "ranks " + first + "-" + last;
    }

    /** Equal for members that agree, the key aside: it proves itself. */
    int fingerprint() {
        CRC32C crc = new CRC32C();
        crc.update((generation + " " + segments + " " + codec + " " + ranks + " " + endpoints + " " + holders)
                .getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GroupSpec spec
                && generation == spec.generation
                && segments == spec.segments
                && codec == spec.codec
                && ranks.equals(spec.ranks)
                && names.equals(spec.names)
                && endpoints.equals(spec.endpoints)
                && holders.equals(spec.holders)
                && Arrays.equals(key, spec.key);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(generation) * 31 + ranks.hashCode();
    }

    Endpoint endpoint(int node) {
        return Endpoint.parse(endpoints.get(node));
    }

    /** Without the key, and without what lets streams in. */
    @Override
    public String toString() {
        List<Endpoint> addresses = endpoints.stream().map(Endpoint::parse).toList();
        return "generation " + generation + ": " + ranks + " at " + addresses + ", " + segments + " segments, " + codec
                + (encrypted() ? ", encrypted" : "");
    }

    private static void requireSound(
            int segments,
            List<Rank> ranks,
            List<String> names,
            List<String> endpoints,
            List<Integer> holders,
            byte[] key) {
        int nextLane = 0;
        int node = 0;
        for (Rank rank : ranks) {
            if (rank.lanes().from() != nextLane || rank.lanes().count() == 0) {
                throw new IllegalArgumentException("lanes dealt " + ranks + ": not contiguous runs from lane 0 on");
            }
            nextLane = rank.lanes().to();
            if (rank.node() != node && rank.node() != ++node) {
                throw new IllegalArgumentException(
                        "nodes of " + ranks + ": the ranks of a node are not adjacent, or a node has none");
            }
        }
        if (ranks.isEmpty() || node != ranks.get(ranks.size() - 1).node()) {
            throw new IllegalArgumentException("no lanes dealt");
        }
        if (ranks.get(0).node() != 0 || node + 1 != endpoints.size()) {
            throw new IllegalArgumentException((node + 1) + " nodes with ranks, " + endpoints.size() + " endpoints");
        }
        if (names.size() != endpoints.size()) {
            throw new IllegalArgumentException(names.size() + " names, " + endpoints.size() + " endpoints");
        }
        if (segments < 0) {
            throw new IllegalArgumentException(segments + " segments");
        }
        if (holders.stream().anyMatch(rank -> rank < 0 || rank >= ranks.size())) {
            throw new IllegalArgumentException("holders " + holders + " of " + ranks.size() + " ranks");
        }
        if (key.length != 0 && key.length != KEY_BYTES) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes, not " + KEY_BYTES);
        }
    }
}
