package io.flm.exchange;

import java.util.ArrayList;
import java.util.List;

/**
 * How a segment is divided: a shard for each node, which adds it for all; chunks of a shard, one a frame. Two nodes that hold
 * one subtree each are <em>mirrored</em>: both add everything.
 */
final class ShardLayout {
    /** Shards begin at multiples of this many values: a cache line. */
    private static final int ALIGNMENT = 16;

    private final int nodeCount;
    private final int chunk;
    private final boolean mirrored;
    private final List<List<LaneRange>> subtrees = new ArrayList<>();
    private final int[] firstLeaf;
    private final int leafCount;
    private final List<LaneRange> localLeaves = new ArrayList<>();
    private final TreeSum tree;

    /** @param chunk values in a frame */
    ShardLayout(GroupSpec spec, int node, int chunk) {
        this.nodeCount = spec.nodeCount();
        this.chunk = chunk;
        this.firstLeaf = new int[nodeCount];
        boolean single = true;
        List<LaneRange> leaves = new ArrayList<>();
        for (int each = 0; each < nodeCount; each++) {
            List<LaneRange> its = LaneTree.cover(spec.nodeLanes(each), spec.laneCount());
            subtrees.add(its);
            single &= its.size() == 1;
            firstLeaf[each] = leaves.size();
            if (each == node) {
                for (GroupSpec.Rank rank : spec.ranks()) {
                    if (rank.node() == node) {
                        localLeaves.addAll(LaneTree.cover(rank.lanes(), spec.laneCount()));
                    }
                }
                leaves.addAll(localLeaves);
            } else {
                leaves.addAll(its);
            }
        }
        this.leafCount = leaves.size();
        this.mirrored = nodeCount == 2 && single;
        this.tree = TreeSum.of(leaves, spec.laneCount(), spec.codec());
    }

    /** Whether both nodes add everything. */
    boolean mirrored() {
        return mirrored;
    }

    /** The subtrees that a node sends. */
    List<LaneRange> subtrees(int node) {
        return subtrees.get(node);
    }

    /** Adds the leaves of all nodes: for this one those of each of its ranks, for others their subtrees. */
    TreeSum tree() {
        return tree;
    }

    /** The subtrees that this node's ranks hold, in lane order. */
    List<LaneRange> localLeaves() {
        return localLeaves;
    }

    int leafCount() {
        return leafCount;
    }

    int firstLeaf(int node) {
        return firstLeaf[node];
    }

    int shardFrom(int owner, int size) {
        return mirrored ? 0 : owner == 0 ? 0 : (int) ((long) size * owner / nodeCount / ALIGNMENT * ALIGNMENT);
    }

    int shardTo(int owner, int size) {
        return mirrored || owner + 1 == nodeCount ? size : shardFrom(owner + 1, size);
    }

    /** Number of chunks of an owner's shard. */
    int chunkCount(int owner, int size) {
        return (shardTo(owner, size) - shardFrom(owner, size) + chunk - 1) / chunk;
    }

    int chunkFrom(int owner, int size, int index) {
        return shardFrom(owner, size) + index * chunk;
    }

    int chunkTo(int owner, int size, int index) {
        return (int) Math.min((long) chunkFrom(owner, size, index) + chunk, shardTo(owner, size));
    }
}
