package io.flm.worker;

import io.flm.data.BrokenShards;
import io.flm.exchange.LaneRange;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One agreed membership. Only the coordinator makes one, and the number only grows.
 *
 * @param number identifies the generation; grows over all runs of a cluster
 * @param run the id of the run's plan
 * @param firstStep the first step that its members run
 * @param members by rank; those of one node are neighbours, lanes are contiguous
 * @param holders the ranks that have the state of {@code firstStep}; the others fetch it from them
 * @param broken the shards that its members leave out, and from which step on
 * @param key of the frames between nodes; null: not encrypted
 */
public record Generation(
        long number,
        String run,
        long firstStep,
        List<Member> members,
        List<Integer> holders,
        BrokenShards broken,
        @Nullable String key)
        implements WireMessage {
    /**
     * One member.
     *
     * @param worker the worker's name, unique in the cluster
     * @param node the name of its node
     * @param endpoint where its node's exchange is reached, and what lets streams in there; empty: in this process only
     * @param lanes what it runs in each step
     */
    public record Member(String worker, String node, String endpoint, LaneRange lanes) implements WireMessage {
        /** What lets streams in is no text for a log. */
        @Override
        public String toString() {
            return worker + " " + lanes;
        }
    }

    public Generation {
        members = List.copyOf(members);
        holders = List.copyOf(holders);
    }

    /** A generation whose members all hold the state of its first step, and that needs no key. */
    public static Generation of(long number, String run, long firstStep, List<Member> members) {
        return new Generation(
                number,
                run,
                firstStep,
                members,
                IntStream.range(0, members.size()).boxed().toList(),
                BrokenShards.NONE,
                null);
    }

    public Generation withKey(String frames) {
        return new Generation(number, run, firstStep, members, holders, broken, frames);
    }

    /** The rank of a worker, or -1. */
    public int rankOf(String worker) {
        for (int rank = 0; rank < members.size(); rank++) {
            if (members.get(rank).worker().equals(worker)) {
                return rank;
            }
        }
        return -1;
    }

    public int worldSize() {
        return members.size();
    }

    /** The names of the nodes, in the order of ranks: those of a node are adjacent. */
    public List<String> nodes() {
        return members.stream().map(Member::node).distinct().toList();
    }

    /** The key is no text for a log. */
    @Override
    public String toString() {
        return "Generation[" + number + ", run " + run + ", from step " + firstStep + ", " + members
                + ", held by ranks " + holders
                + (broken.firstSteps().isEmpty() ? "" : ", without " + broken) + (key == null ? "]" : ", encrypted]");
    }
}
