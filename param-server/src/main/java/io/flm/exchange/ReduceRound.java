package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One step of the {@link AllReduce}: what has been contributed, received, added and sent. Guarded by the group's monitor. */
final class ReduceRound extends Round {
    /** The step before, until the next one begins: a slow node may still need sums of it. */
    @Nullable ReduceRound before;

    final @Nullable Slot[] slots;

    /** Segments in the order in which this node's workers completed them: so they are sent. */
    final List<Slot> contributed = new ArrayList<>();

    final @Nullable LaneTotals[] totals; // by lane
    int totalsMissing;
    int localTotalsMissing;
    boolean stop;
    boolean localStop;
    final Cursor[] cursors; // by node
    private boolean totalsAnnounced;

    /** How far the sending to one node is. */
    static final class Cursor {
        /** Contributions: an index in {@link #contributed}, a chunk, a subtree. */
        int segment;

        int chunk;
        int subtree;

        /** Chunks of this node's shard whose sums are sent, by segment. */
        final int[] sums;

        /** Of this node's lanes, those whose totals are sent. */
        int totals;

        private Cursor(int segments) {
            this.sums = new int[segments];
        }
    }

    /** One segment of the step. */
    static final class Slot {
        final int segment;
        final int size;
        final List<List<Partial>> contributions; // by local rank
        int contributionsMissing;

        /** The tree's leaves: this node's, once all its workers have contributed; frames of all others are staged. */
        final TreeSum.@Nullable Leaf[] leaves;

        /** The buffers of each subtree that this node sends. */
        List<List<FloatBuffer>> ofSubtree = List.of();

        /** Frames of contributions to this node's shard that have come, by node. */
        final int[] received;

        /** Chunks of this node's shard that are added. */
        int added;

        /** Chunks of others' shards that have come, by owner. */
        final int[] sumsReceived;

        /** Chunks of all shards that are still to come. */
        int chunksMissing;

        /** Frames of this node's contribution that are still to be sent. */
        long framesUnsent;

        /** Where sums go directly; null before the only local trainer awaits, and if there are several. */
        @Nullable FloatBuffer target;

        /** What lies in the results and not in {@link #target}: pairs of from and to. */
        final List<int[]> staged = new ArrayList<>();

        private boolean announced;

        Slot(int segment, int size, int localRanks, int nodes, int leafCount) {
            this.segment = segment;
            this.size = size;
            this.contributions = new ArrayList<>(Collections.nCopies(localRanks, List.of()));
            this.contributionsMissing = localRanks;
            this.leaves = new TreeSum.Leaf[leafCount];
            this.received = new int[nodes];
            this.sumsReceived = new int[nodes];
        }

        boolean isContributed() {
            return contributionsMissing == 0;
        }

        /** All sums are here, and nobody reads this node's contributions any more. */
        boolean isComplete() {
            return contributionsMissing == 0 && chunksMissing == 0 && framesUnsent == 0;
        }

        /** Whether it has become complete since the last call. */
        private boolean announce() {
            boolean news = !announced && isComplete();
            announced |= news;
            return news;
        }

        void stage(int from, int to) {
            int[] last = staged.isEmpty() ? null : staged.get(staged.size() - 1);
            if (last != null && last[1] == from) {
                last[1] = to;
            } else {
                staged.add(new int[] {from, to});
            }
        }
    }

    ReduceRound(long step, GroupSpec spec, int localRanks, @Nullable ReduceRound before) {
        super(step);
        this.before = before;
        if (before != null) {
            before.before = null;
        }
        this.slots = new Slot[spec.segments()];
        this.totals = new LaneTotals[spec.laneCount()];
        this.totalsMissing = spec.laneCount();
        this.localTotalsMissing = localRanks;
        this.cursors = new Cursor[spec.nodeCount()];
        for (int node = 0; node < cursors.length; node++) {
            cursors[node] = new Cursor(spec.segments());
        }
    }

    /** The totals of the lanes of one local rank. */
    void contribute(List<LaneTotals> lanes, boolean asksToStop) {
        for (LaneTotals lane : lanes) {
            totals[lane.lane()] = lane;
            totalsMissing--;
        }
        stop |= asksToStop;
        localStop |= asksToStop;
        localTotalsMissing--;
    }

    /** Whether a segment, or the totals, have become complete since the last call. */
    boolean announce() {
        boolean news = !totalsAnnounced && hasTotals();
        totalsAnnounced |= news;
        for (Slot slot : contributed) {
            news |= slot.announce();
        }
        return news;
    }

    /** Of all lanes. */
    StepTotals stepTotals() {
        return StepTotals.of(Arrays.stream(totals).map(Objects::requireNonNull).toList(), stop);
    }

    boolean hasTotals() {
        return totalsMissing == 0;
    }

    /** Whether every sum and the totals are here. */
    boolean isComplete() {
        for (Slot slot : slots) {
            if (slot == null || !slot.isComplete()) {
                return false;
            }
        }
        return hasTotals();
    }
}
