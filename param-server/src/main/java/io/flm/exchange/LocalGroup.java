package io.flm.exchange;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A process group whose members are all in one process. One monitor guards all of it; only chunks are added outside. The trainer
 * threads themselves add, each taking the next chunk of a segment that all have contributed to; there is no other thread, and a
 * member that waits sleeps.
 *
 * <p>A member may be a step ahead of another by what it contributes, never by what is added: adding needs everyone. So each
 * step has its {@link Round}, and one buffer of sums serves all steps. That buffer is why a sum may replace a contribution:
 * nobody's contribution is written while another still reads it.
 */
final class LocalGroup extends ProcessGroup<LocalGroup.LocalRound> {
    /** Floats that a thread adds before it looks for the next chunk: some 30 µs, so nobody waits long for a straggler. */
    static final int CHUNK = 1 << 16;

    private final FloatBuffer[] sums;
    private final TreeSum.Scratch[] scratch; // by rank
    private final List<StateOffer> offers = new ArrayList<>();

    private int adding;
    private @Nullable String failure;

    LocalGroup(GroupSpec spec) {
        super(spec, spec.worldSize());
        this.sums = new FloatBuffer[spec.segments()];
        this.scratch = new TreeSum.Scratch[spec.worldSize()];
        Arrays.setAll(scratch, rank -> new TreeSum.Scratch());
    }

    /** One step: what each member has contributed. */
    static final class LocalRound extends Round {
        private final Slot[] slots;
        private final List<List<LaneTotals>> totals;
        private int totalsMissing;
        private boolean stop;

        private LocalRound(long step, int segments, int worldSize) {
            super(step);
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

    private int worldSize() {
        return spec().worldSize();
    }

    @Override
    synchronized void offer(int rank, long step, StateSource source) throws ExchangeException {
        requireRunning(rank);
        offers.add(new StateOffer(rank, step, source));
        notifyAll();
    }

    @Override
    void fetch(int rank, StateDownload download, Consumer<StateDownload.Progress> progress) throws ExchangeException {
        StateOffer offer;
        synchronized (this) {
            awaitUntil(rank, () -> !offers.isEmpty());
            offer = offers.get(0);
        }
        copy(rank, offer, download, progress);
    }

    @Override
    LocalRound newRound(int rank, long step) {
        return new LocalRound(step, sums.length, worldSize());
    }

    @Override
    synchronized void contribute(LocalRound round, int segment, int rank, List<Partial> partials)
            throws ExchangeException {
        requireRunning(rank);
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
            slot.tree = TreeSum.of(all.stream().map(Partial::lanes).toList(), spec().laneCount(), spec().codec());
            FloatBuffer sum = sums[segment];
            if (worldSize() > 1 && (sum == null || sum.limit() != slot.size)) {
                sums[segment] = ByteBuffer.allocateDirect(Math.multiplyExact(slot.size, Float.BYTES))
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer();
            }
            notifyAll();
        }
    }

    @Override
    synchronized void contribute(LocalRound round, int rank, List<LaneTotals> lanes, boolean stop)
            throws ExchangeException {
        requireRunning(rank);
        round.totals.set(rank, lanes);
        round.stop |= stop;
        if (--round.totalsMissing == 0) {
            notifyAll();
        }
    }

    @Override
    void await(LocalRound round, int segment, int rank, FloatBuffer sum) throws ExchangeException {
        Slot slot = round.slots[segment];
        awaitUntil(rank, () -> slot.missing == 0);
        if (sum.limit() != slot.size) {
            throw new IllegalArgumentException(
                    "segment " + segment + " has " + slot.size + " floats, its sum has room for " + sum.limit());
        }
        if (worldSize() == 1) {
            addAlone(slot, sum, scratch[rank]);
            return;
        }
        FloatBuffer shared = sums[segment];
        for (int chunk = takeChunk(slot); chunk >= 0; chunk = takeChunk(slot)) {
            boolean added = false;
            try {
                add(slot, chunk * CHUNK, (int) Math.min((chunk + 1L) * CHUNK, slot.size), shared, scratch[rank]);
                added = true;
            } finally {
                chunkEnded(slot, added);
            }
        }
        awaitUntil(rank, () -> slot.chunksAdded == slot.chunkCount());
        sum.put(0, shared, 0, slot.size);
    }

    @Override
    StepTotals awaitTotals(LocalRound round, int rank) throws ExchangeException {
        awaitUntil(rank, () -> round.totalsMissing == 0);
        return StepTotals.of(round.totals.stream().flatMap(List::stream).toList(), round.stop);
    }

    @Override
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
     * Waits. After a failure, chunks that are being added are still finished, and what is complete then is given to every member
     * that asks: so a step is committed by all that remain or by none.
     */
    private synchronized void awaitUntil(int rank, BooleanSupplier ready) throws ExchangeException {
        while (!ready.getAsBoolean()) {
            if (adding == 0) {
                requireRunning(rank);
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                fail("a trainer thread was interrupted");
            }
        }
    }

    @Override
    void requireRunning(int rank) throws ExchangeException {
        if (failure != null) {
            String reason = failure;
            fail(reason); // Waits until nobody reads the contributions of the member that this exception reaches.
            throw new ExchangeException(reason);
        }
    }
}
