package io.flm.worker;

import io.flm.exchange.LaneRange;
import java.util.List;

/**
 * One agreed membership. Only the coordinator makes one, and the number only grows.
 *
 * @param number identifies the generation within a run
 * @param firstStep the first step that its members run
 * @param members by rank
 */
public record Generation(long number, long firstStep, List<Member> members) implements WireMessage {
    /**
     * One member.
     *
     * @param worker the worker's name, unique in the cluster
     * @param lanes what it runs in each step
     */
    public record Member(String worker, LaneRange lanes) implements WireMessage {}

    public Generation {
        members = List.copyOf(members);
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

    /** The lanes of each member, by rank. */
    public List<LaneRange> deal() {
        return members.stream().map(Member::lanes).toList();
    }
}
