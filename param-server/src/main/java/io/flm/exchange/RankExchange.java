package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One rank's end of a {@link ProcessGroup}: refuses calls that are out of order. */
final class RankExchange<R extends Round> implements Exchange {
    private final ProcessGroup<R> group;
    private final int rank;
    private final int laneCount;
    private @Nullable RankReduction current;

    RankExchange(ProcessGroup<R> group, int rank) {
        this.group = group;
        this.rank = rank;
        this.laneCount = group.spec().laneCount();
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int worldSize() {
        return group.spec().worldSize();
    }

    @Override
    public LaneRange lanes() {
        return group.spec().lanes(rank);
    }

    @Override
    public void offer(long step, StateSource source) throws ExchangeException {
        requireBeforeFirstStep("a state is offered");
        group.offer(rank, step, source);
    }

    @Override
    public void fetch(StateDownload download, Consumer<StateDownload.Progress> progress) throws ExchangeException {
        requireBeforeFirstStep("a state is fetched");
        if (!download.isComplete()) {
            group.fetch(rank, download, progress);
        }
    }

    private void requireBeforeFirstStep(String what) {
        if (current != null) {
            throw new IllegalStateException("rank " + rank + ": " + what + " after step " + current.round.step
                    + " was begun; a state moves before a generation's first step");
        }
    }

    @Override
    public Reduction begin(long step) throws ExchangeException {
        if (current != null && !current.isAwaited()) {
            throw new IllegalStateException(
                    "rank " + rank + ": step " + step + " begun before step " + current.round.step + " was awaited");
        }
        RankReduction reduction = new RankReduction(group.begin(rank, step));
        current = reduction;
        return reduction;
    }

    @Override
    public void close() {
        group.leave(rank);
    }

    private final class RankReduction implements Reduction {
        private final R round;
        private final BitSet contributed = new BitSet();
        private final BitSet awaited = new BitSet();

        /** The bit behind those of the segments: the totals. */
        private final int totals = group.spec().segments();

        private RankReduction(R round) {
            this.round = round;
        }

        private boolean isAwaited() {
            return awaited.get(totals) && (worldSize() == 1 || awaited.cardinality() == totals + 1);
        }

        @Override
        public void contribute(int segment, List<Partial> partials) throws ExchangeException {
            Objects.checkIndex(segment, totals);
            once(contributed, segment, "contributed to");
            List<Partial> copy = List.copyOf(partials);
            requireCover(copy);
            group.contribute(round, segment, rank, copy);
        }

        @Override
        public void contribute(List<LaneTotals> lanes, boolean stop) throws ExchangeException {
            once(contributed, totals, "contributed to");
            for (int index = 0; index < lanes().count(); index++) {
                int lane = lanes().from() + index;
                if (lanes.size() != lanes().count() || lanes.get(index).lane() != lane) {
                    throw new IllegalArgumentException(
                            "rank " + rank + ": no totals of lane " + lane + " among " + lanes);
                }
            }
            group.contribute(round, rank, List.copyOf(lanes), stop);
        }

        @Override
        public void await(int segment, FloatBuffer sum) throws ExchangeException {
            Objects.checkIndex(segment, totals);
            if (!contributed.get(segment)) {
                throw new IllegalStateException(
                        "rank " + rank + ": segment " + segment + " awaited, but not contributed to");
            }
            once(awaited, segment, "awaited");
            group.await(round, segment, rank, sum);
        }

        @Override
        public StepTotals awaitTotals() throws ExchangeException {
            if (!contributed.get(totals)) {
                throw new IllegalStateException("rank " + rank + ": totals awaited, but not contributed to");
            }
            once(awaited, totals, "awaited");
            return group.awaitTotals(round, rank);
        }

        private void once(BitSet done, int segment, String what) {
            if (done.get(segment) || current != this) {
                throw new IllegalStateException(
                        "rank " + rank + ": " + (segment == totals ? "totals" : "segment " + segment) + " " + what
                                + " twice, or after step " + round.step);
            }
            done.set(segment);
        }

        private void requireCover(List<Partial> partials) {
            List<LaneRange> given = new ArrayList<>();
            int next = lanes().from();
            boolean subtrees = true;
            for (Partial partial : partials) {
                given.add(partial.lanes());
                subtrees &= partial.lanes().from() == next
                        && LaneTree.cover(partial.lanes(), laneCount).size() == 1;
                next = partial.lanes().to();
            }
            if (!subtrees || next != lanes().to()) {
                throw new IllegalArgumentException("rank " + rank + ": partials " + given
                        + " are not the subtrees of its lanes " + lanes() + " of " + laneCount);
            }
        }
    }
}
