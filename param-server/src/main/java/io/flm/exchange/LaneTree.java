package io.flm.exchange;

import java.util.ArrayList;
import java.util.List;

/**
 * The fixed binary tree over lanes 0..n-1. Its subtrees are the aligned blocks [k * 2^j, (k + 1) * 2^j), cut at n; a block is
 * the sum of its left half and its right half, and a block whose right half is empty is its left half. fp32 addition is not
 * associative, but one tree is one order: whichever node adds, the sum has the same bits.
 */
public final class LaneTree {
    private LaneTree() {}

    /** The largest subtrees that cover a run of lanes exactly, in lane order: what a member that runs these lanes holds. */
    public static List<LaneRange> cover(LaneRange lanes, int laneCount) {
        List<LaneRange> subtrees = new ArrayList<>();
        int at = lanes.from();
        while (at < lanes.to()) {
            LaneRange largest = new LaneRange(at, at + 1);
            for (LaneRange wider = parent(largest, laneCount);
                    wider.from() == at && wider.to() <= lanes.to() && !wider.equals(largest);
                    wider = parent(largest, laneCount)) {
                largest = wider;
            }
            subtrees.add(largest);
            at = largest.to();
        }
        return subtrees;
    }

    /** The smallest subtree that holds more lanes than {@code subtree}, or {@code subtree} itself if it is the whole tree. */
    public static LaneRange parent(LaneRange subtree, int laneCount) {
        for (long size = 1; ; size *= 2) {
            int from = (int) (subtree.from() / size * size);
            int to = (int) Math.min(from + size, laneCount);
            if (from < subtree.from() || to > subtree.to()) {
                return new LaneRange(from, to);
            }
            if (from == 0 && to == laneCount) {
                return subtree;
            }
        }
    }

    /** Whether {@code right} is the block that {@code left} is added to, left first. */
    public static boolean areSiblings(LaneRange left, LaneRange right, int laneCount) {
        return left.to() == right.from()
                && parent(left, laneCount).equals(new LaneRange(left.from(), right.to()))
                && parent(right, laneCount).equals(parent(left, laneCount));
    }
}
