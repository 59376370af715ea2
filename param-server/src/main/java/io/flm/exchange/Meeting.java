package io.flm.exchange;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the members of one generation share inside a process. One monitor guards all of it; only chunks are added outside.
 *
 * <p>A member may be a step ahead of another by what it contributes, never by what is added: adding needs everyone. So each
 * step has its {@link Round}, and one buffer of sums serves all steps. That buffer is why a sum may replace a contribution:
 * nobody's contribution is written while another still reads it.
 */
final class Meeting {
    /** Floats that a thread adds before it looks for the next chunk: some 30 µs, so nobody waits long for a straggler. */
    static final int CHUNK = 1 << 16;

    private final long generation;
    private final List<LaneRange> deal;
    private final int laneCount;
    private final FloatBuffer[] sums;
    private final BitSet present = new BitSet();

    private @Nullable Round newest;
    private int adding;
    private @Nullable String failure;

    Meeting(long generation, List<LaneRange> deal, int segments) {
        this.generation = generation;
        this.deal = List.copyOf(deal);
        this.laneCount = requireContiguous(this.deal);
        this.sums = new FloatBuffer[segments];
    }

    /** One step: who has contributed what. */
    static final class Round {
        final long step;
        private final BitSet begun = new BitSet();
        private final Slot[] slots;
        private final List<List<LaneTotals>> totals;
        private int totalsMissing;
        private boolean stop;

        private Round(long step, int segments, int worldSize) {
            this.step = step;
            this.slots = new Slot[segments];
            for (int segment = 0; segment < segments; segment++) {
                slots[segment] = new Slot(worldSize);
            }
            this.totals = new ArrayList<>(Collections.nCopies(worldSize, List.of()));
            this.totalsMissing = worldSize;
        }
    }

    /** One segment of a step. */
    private static final class Slot {
        private final List<List<Partial>> contributions;
        private int missing;
        private int size = -1;
        private List<FloatBuffer> leaves = List.of();
        private @Nullable TreeSum tree;
        private int chunksTaken;
        private int chunksAdded;

        private Slot(int worldSize) {
            this.contributions = new ArrayList<>(Collections.nCopies(worldSize, List.of()));
            this.missing = worldSize;
        }

        private int chunkCount() {
            return (int) (((long) size + CHUNK - 1) / CHUNK);
        }
    }

    long generation() {
        return generation;
    }

    int worldSize() {
        return deal.size();
    }

    int laneCount() {
        return laneCount;
    }

    int segmentCount() {
        return sums.length;
    }

    LaneRange lanes(int rank) {
        return deal.get(rank);
    }

    synchronized void join(long joined, int rank, List<LaneRange> itsDeal, int segments) throws ExchangeException {
        if (joined < generation) {
            throw new ExchangeException(
                    "rank " + rank + ": generation " + joined + " is over, " + generation + " has begun");
        }
        if (!deal.equals(itsDeal) || segments != sums.length || rank < 0 || rank >= deal.size()) {
            throw new IllegalArgumentException("rank " + rank + " joins generation " + generation + " with lanes "
                    + itsDeal + " and " + segments + " segments; the others have " + deal + " and " + sums.length);
        }
        if (present.get(rank)) {
            throw new IllegalStateException("rank " + rank + " joins generation " + generation + " twice");
        }
        present.set(rank);
    }

    /** Joins the step's round; the first member makes it, once everyone is in the one before. */
    synchronized Round begin(int rank, long step) throws ExchangeException {
        requireRunning();
        Round round = newest;
        if (round == null || (round.step != step && round.begun.cardinality() == worldSize())) {
            if (round != null && round.step > step) {
                throw new IllegalStateException("rank " + rank + ": step " + step + " begun after step " + round.step);
            }
            round = new Round(step, sums.length, worldSize());
            newest = round;
        }
        if (round.step != step || round.begun.get(rank)) {
            throw new IllegalStateException(
                    "rank " + rank + ": step " + step + " begun, while the members are at step " + round.step);
        }
        round.begun.set(rank);
        return round;
    }

    synchronized void contribute(Round round, int segment, int rank, List<Partial> partials) throws ExchangeException {
        requireRunning();
        Slot slot = round.slots[segment];
        for (Partial partial : partials) {
            if (slot.size < 0) {
                slot.size = partial.values().limit();
            } else if (slot.size != partial.values().limit()) {
                throw new IllegalArgumentException("rank " + rank + ": segment " + segment + " with "
                        + partial.values().limit() + " floats, others have " + slot.size);
            }
        }
        slot.contributions.set(rank, partials);
        if (--slot.missing == 0) {
            List<Partial> all =
                    slot.contributions.stream().flatMap(List::stream).toList();
            slot.leaves = all.stream().map(Partial::values).toList();
            slot.tree = TreeSum.of(all.stream().map(Partial::lanes).toList(), laneCount);
            FloatBuffer sum = sums[segment];
            if (worldSize() > 1 && (sum == null || sum.limit() != slot.size)) {
                sums[segment] = ByteBuffer.allocateDirect(Math.multiplyExact(slot.size, Float.BYTES))
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer();
            }
            notifyAll();
        }
    }

    synchronized void contribute(Round round, int rank, List<LaneTotals> lanes, boolean stop) throws ExchangeException {
        requireRunning();
        round.totals.set(rank, lanes);
        round.stop |= stop;
        if (--round.totalsMissing == 0) {
            notifyAll();
        }
    }

    void await(Round round, int segment, FloatBuffer sum, TreeSum.Scratch scratch) throws ExchangeException {
        Slot slot = round.slots[segment];
        awaitUntil(() -> slot.missing == 0);
        if (sum.limit() != slot.size) {
            throw new IllegalArgumentException(
                    "segment " + segment + " has " + slot.size + " floats, its sum has room for " + sum.limit());
        }
        if (worldSize() == 1) {
            addAlone(slot, sum, scratch);
            return;
        }
        FloatBuffer shared = sums[segment];
        for (int chunk = takeChunk(slot); chunk >= 0; chunk = takeChunk(slot)) {
            boolean added = false;
            try {
                add(slot, chunk * CHUNK, (int) Math.min((chunk + 1L) * CHUNK, slot.size), shared, scratch);
                added = true;
            } finally {
                chunkEnded(slot, added);
            }
        }
        awaitUntil(() -> slot.chunksAdded == slot.chunkCount());
        sum.put(0, shared, 0, slot.size);
    }

    StepTotals awaitTotals(Round round) throws ExchangeException {
        awaitUntil(() -> round.totalsMissing == 0);
        return StepTotals.of(round.totals.stream().flatMap(List::stream).toList(), round.stop);
    }

    void leave(int rank) {
        fail("rank " + rank + " left generation " + generation);
    }

    /** Ends the generation. Returns when no thread reads a contribution any more. */
    synchronized void fail(String reason) {
        if (failure == null) {
            failure = reason;
            notifyAll();
        }
        boolean interrupted = false;
        while (adding > 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // A chunk takes microseconds: finish waiting first.
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("ReferenceEquality") // The same buffer, not the same values: then there is nothing to copy.
    private static void addAlone(Slot slot, FloatBuffer sum, TreeSum.Scratch scratch) {
        FloatBuffer first = slot.leaves.get(0);
        if (slot.leaves.size() > 1) {
            add(slot, 0, slot.size, sum, scratch);
        } else if (first != sum) {
            sum.put(0, first, 0, slot.size);
        }
    }

    private static void add(Slot slot, int from, int to, FloatBuffer sum, TreeSum.Scratch scratch) {
        TreeSum tree = slot.tree;
        if (tree == null) {
            throw new IllegalStateException("added before all have contributed");
        }
        tree.add(slot.leaves, from, to, sum, scratch);
    }

    /** The next chunk that nobody has taken, or -1. */
    private synchronized int takeChunk(Slot slot) {
        if (failure != null || slot.chunksTaken == slot.chunkCount()) {
            return -1;
        }
        adding++;
        return slot.chunksTaken++;
    }

    private synchronized void chunkEnded(Slot slot, boolean added) {
        adding--;
        if (added) {
            slot.chunksAdded++;
        } else if (failure == null) {
            failure = "a member failed while it added a segment";
        }
        if (slot.chunksAdded == slot.chunkCount() || failure != null) {
            notifyAll();
        }
    }

    /**
     * Waits. After a failure, chunks that are being added are still finished, and what is complete then is given to whoever
     * asks: so a step is committed by all who remain or by none.
     */
    private synchronized void awaitUntil(BooleanSupplier ready) throws ExchangeException {
        while (!ready.getAsBoolean()) {
            if (adding == 0) {
                requireRunning();
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                fail("a trainer thread was interrupted");
            }
        }
    }

    private void requireRunning() throws ExchangeException {
        if (failure != null) {
            String reason = failure;
            fail(reason); // Waits until nobody reads the contributions of the member that this exception reaches.
            throw new ExchangeException(reason);
        }
    }

    private static int requireContiguous(List<LaneRange> deal) {
        int next = 0;
        for (LaneRange lanes : deal) {
            if (lanes.from() != next || lanes.count() == 0) {
                throw new IllegalArgumentException("lanes dealt " + deal + ": not contiguous runs from lane 0 on");
            }
            next = lanes.to();
        }
        if (next == 0) {
            throw new IllegalArgumentException("no lanes dealt");
        }
        return next;
    }
}
