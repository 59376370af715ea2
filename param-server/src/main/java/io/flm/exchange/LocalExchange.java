package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The exchange between the workers of one process: they meet in memory. The trainer threads themselves add, each taking the
 * next chunk of a segment that all have contributed to; there is no other thread, and who waits sleeps.
 *
 * <p>{@link #close} may come from any thread. It releases the members that wait, this one included, and returns once nobody
 * reads this member's buffers any more. A failed {@code await} gives the same promise: the buffers may then be freed.
 */
public final class LocalExchange implements Exchange {
    private final Meeting meeting;
    private final int rank;
    private final TreeSum.Scratch scratch = new TreeSum.Scratch();
    private @Nullable LocalReduction current;

    /** Where the workers of one process find each other. */
    public static final class Hub {
        private @Nullable Meeting newest;

        /**
         * Enters a generation, which ends every earlier one of this hub. Does not wait: the first step waits for the others.
         *
         * @param deal the lanes of each member, by rank: contiguous runs from lane 0 on, none empty
         * @param segments number of segments of the flat buffer
         * @throws ExchangeException where a later generation has begun
         * @throws IllegalArgumentException where members disagree on the deal, or it leaves lanes out
         */
        public synchronized Exchange join(long generation, int rank, List<LaneRange> deal, int segments)
                throws ExchangeException {
            Meeting meeting = newest;
            if (meeting == null || meeting.generation() < generation) {
                Meeting next = new Meeting(generation, deal, segments);
                if (meeting != null) {
                    meeting.fail("generation " + meeting.generation() + " was followed by " + generation);
                }
                newest = next;
                meeting = next;
            }
            meeting.join(generation, rank, deal, segments);
            return new LocalExchange(meeting, rank);
        }
    }

    private LocalExchange(Meeting meeting, int rank) {
        this.meeting = meeting;
        this.rank = rank;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int worldSize() {
        return meeting.worldSize();
    }

    @Override
    public LaneRange lanes() {
        return meeting.lanes(rank);
    }

    @Override
    public Reduction begin(long step) throws ExchangeException {
        if (current != null && !current.isAwaited()) {
            throw new IllegalStateException(
                    "rank " + rank + ": step " + step + " begun before step " + current.round.step + " was awaited");
        }
        LocalReduction reduction = new LocalReduction(meeting.begin(rank, step));
        current = reduction;
        return reduction;
    }

    @Override
    public void close() {
        meeting.leave(rank);
    }

    private final class LocalReduction implements Reduction {
        private final Meeting.Round round;
        private final BitSet contributed = new BitSet();
        private final BitSet awaited = new BitSet();

        /** The bit behind those of the segments: the totals. */
        private final int totals = meeting.segmentCount();

        private LocalReduction(Meeting.Round round) {
            this.round = round;
        }

        private boolean isAwaited() {
            return awaited.cardinality() == totals + 1;
        }

        @Override
        public void contribute(int segment, List<Partial> partials) throws ExchangeException {
            Objects.checkIndex(segment, totals);
            once(contributed, segment, "contributed to");
            List<Partial> copy = List.copyOf(partials);
            requireCover(copy);
            meeting.contribute(round, segment, rank, copy);
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
            meeting.contribute(round, rank, List.copyOf(lanes), stop);
        }

        @Override
        public void await(int segment, FloatBuffer sum) throws ExchangeException {
            Objects.checkIndex(segment, totals);
            if (!contributed.get(segment)) {
                throw new IllegalStateException(
                        "rank " + rank + ": segment " + segment + " awaited, but not contributed to");
            }
            once(awaited, segment, "awaited");
            meeting.await(round, segment, sum, scratch);
        }

        @Override
        public StepTotals awaitTotals() throws ExchangeException {
            if (!contributed.get(totals)) {
                throw new IllegalStateException("rank " + rank + ": totals awaited, but not contributed to");
            }
            once(awaited, totals, "awaited");
            return meeting.awaitTotals(round);
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
                        && LaneTree.cover(partial.lanes(), meeting.laneCount()).size() == 1;
                next = partial.lanes().to();
            }
            if (!subtrees || next != lanes().to()) {
                throw new IllegalArgumentException("rank " + rank + ": partials " + given
                        + " are not the subtrees of its lanes " + lanes() + " of " + meeting.laneCount());
            }
        }
    }
}
