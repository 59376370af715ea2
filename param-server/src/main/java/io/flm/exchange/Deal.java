package io.flm.exchange;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * What the members of a generation have agreed on: who they are, which lanes each runs, where their nodes are reached. All
 * members join with an equal deal.
 *
 * @param generation only grows; every frame carries it
 * @param segments number of segments of the flat buffer
 * @param codec how values are held and sent
 * @param members by rank: lanes in contiguous runs from lane 0 on, the ranks of a node adjacent, nodes in ascending order
 * @param names of each node, as users know it, for messages
 * @param endpoints of each node, as {@link ExchangeNode#endpoint()} gave it; they are no text for a log
 * @param holders the ranks that hold the state of the generation's first step; the others fetch it from these
 * @param key encrypts the frames of this generation (32 bytes, AES-256-GCM), or empty: in the clear
 */
public record Deal(
        long generation,
        int segments,
        Codec codec,
        List<Member> members,
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
    public record Member(LaneRange lanes, int node) {}

    public Deal {
        members = List.copyOf(members);
        names = List.copyOf(names);
        endpoints = List.copyOf(endpoints);
        holders = List.copyOf(new TreeSet<>(holders));
        key = key.clone();
        requireSound(segments, members, names, endpoints, holders, key);
    }

    /** Of nodes without names. */
    public Deal(
            long generation,
            int segments,
            Codec codec,
            List<Member> members,
            List<String> endpoints,
            List<Integer> holders,
            byte[] key) {
        this(
                generation,
                segments,
                codec,
                members,
                IntStream.range(0, endpoints.size())
                        .mapToObj(node -> "node " + node)
                        .toList(),
                endpoints,
                holders,
                key);
    }

    /** A deal among the workers of one process: no endpoint is needed. */
    public static Deal local(long generation, int segments, Codec codec, List<LaneRange> lanes) {
        return new Deal(
                generation,
                segments,
                codec,
                lanes.stream().map(range -> new Member(range, 0)).toList(),
                List.of(""),
                List.of(),
                new byte[0]);
    }

    public int worldSize() {
        return members.size();
    }

    public int nodeCount() {
        return endpoints.size();
    }

    public int laneCount() {
        return members.get(members.size() - 1).lanes().to();
    }

    public LaneRange lanes(int rank) {
        return members.get(rank).lanes();
    }

    /** The lanes of all ranks of a node. */
    public LaneRange nodeLanes(int node) {
        List<LaneRange> its = members.stream()
                .filter(member -> member.node() == node)
                .map(Member::lanes)
                .toList();
        return new LaneRange(its.get(0).from(), its.get(its.size() - 1).to());
    }

    public boolean encrypted() {
        return key.length > 0;
    }

    /** The ranks of a node as an error names them: {@code rank 3} or {@code ranks 2-3}. */
    String ranks(int node) {
        int first = -1;
        int last = -1;
        for (int rank = 0; rank < members.size(); rank++) {
            if (members.get(rank).node() == node) {
                first = first < 0 ? rank : first;
                last = rank;
            }
        }
        return first == last ? "rank " + first : "ranks " + first + "-" + last;
    }

    /** Equal for members that agree, the key aside: it proves itself. */
    int fingerprint() {
        CRC32C crc = new CRC32C();
        crc.update((generation + " " + segments + " " + codec + " " + members + " " + endpoints + " " + holders)
                .getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Deal deal
                && generation == deal.generation
                && segments == deal.segments
                && codec == deal.codec
                && members.equals(deal.members)
                && names.equals(deal.names)
                && endpoints.equals(deal.endpoints)
                && holders.equals(deal.holders)
                && Arrays.equals(key, deal.key);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(generation) * 31 + members.hashCode();
    }

    Endpoint endpoint(int node) {
        return Endpoint.parse(endpoints.get(node));
    }

    /** Without the key, and without what lets streams in. */
    @Override
    public String toString() {
        List<Endpoint> addresses = endpoints.stream().map(Endpoint::parse).toList();
        return "generation " + generation + ": " + members + " at " + addresses + ", " + segments + " segments, "
                + codec + (encrypted() ? ", encrypted" : "");
    }

    private static void requireSound(
            int segments,
            List<Member> members,
            List<String> names,
            List<String> endpoints,
            List<Integer> holders,
            byte[] key) {
        int nextLane = 0;
        int node = 0;
        for (Member member : members) {
            if (member.lanes().from() != nextLane || member.lanes().count() == 0) {
                throw new IllegalArgumentException("lanes dealt " + members + ": not contiguous runs from lane 0 on");
            }
            nextLane = member.lanes().to();
            if (member.node() != node && member.node() != ++node) {
                throw new IllegalArgumentException(
                        "nodes of " + members + ": the ranks of a node are not adjacent, or a node has none");
            }
        }
        if (members.isEmpty() || node != members.get(members.size() - 1).node()) {
            throw new IllegalArgumentException("no lanes dealt");
        }
        if (members.get(0).node() != 0 || node + 1 != endpoints.size()) {
            throw new IllegalArgumentException((node + 1) + " nodes with ranks, " + endpoints.size() + " endpoints");
        }
        if (names.size() != endpoints.size()) {
            throw new IllegalArgumentException(names.size() + " names, " + endpoints.size() + " endpoints");
        }
        if (segments < 0) {
            throw new IllegalArgumentException(segments + " segments");
        }
        if (holders.stream().anyMatch(rank -> rank < 0 || rank >= members.size())) {
            throw new IllegalArgumentException("holders " + holders + " of " + members.size() + " ranks");
        }
        if (key.length != 0 && key.length != KEY_BYTES) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes, not " + KEY_BYTES);
        }
    }
}
