package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A process group over several nodes. The trainers of this node meet here in memory; its {@link GroupSession} sends what they
 * contribute, adds this node's shard and receives the rest, on the transport's thread or on that of a trainer that waits.
 *
 * <p>It is joining until all nodes have said Hello, then open, then ended: a rank has left, or a node was lost. A failure waits for
 * the end of the work at hand, which holds the monitor: nobody reads a contribution after its owner got an exception.
 *
 * <p>A node may be a step ahead of another: it has all sums of a step, while its own are still on their way to a slow node. So there
 * may be two rounds, of which the older one is complete.
 */
final class MultiNodeGroup extends ProcessGroup<ReduceRound> {
    private static final long PROGRESS_INTERVAL_MS = 200;

    private final int node;
    private final Transport transport;
    private final GroupSession session;

    /** @param node this one */
    MultiNodeGroup(GroupSpec spec, int node, Transport transport) {
        super(spec, spec.ranksOf(node).size());
        this.node = node;
        this.transport = transport;
        this.session = new GroupSession(this, node, transport);
    }

    GroupSession session() {
        return session;
    }

    @Override
    synchronized void offer(int rank, long step, StateSource source) throws ExchangeException {
        requireRunning(rank);
        session.states().offer(rank, step, source);
        notifyAll();
        transport.wake();
    }

    @Override
    void fetch(int rank, StateDownload download, Consumer<StateDownload.Progress> progress) throws ExchangeException {
        List<Integer> holders = spec().holders();
        if (holders.isEmpty()) {
            throw new ExchangeException("rank " + rank + ": nobody holds the state of step " + download.step());
        }
        if (holders.stream().anyMatch(holder -> nodeOf(holder) == node)) {
            copy(rank, awaitOffer(rank), download, progress);
        } else {
            int donor = holders.get(rank % holders.size()); // receivers spread over donors
            fetchFrom(donor, rank, download, progress);
        }
    }

    private int nodeOf(int rank) {
        return spec().ranks().get(rank).node();
    }

    private synchronized StateOffer awaitOffer(int rank) throws ExchangeException {
        await(rank, () -> session.states().anyOffer() != null);
        return Objects.requireNonNull(session.states().anyOffer());
    }

    private void fetchFrom(int donor, int rank, StateDownload download, Consumer<StateDownload.Progress> progress)
            throws ExchangeException {
        StateTransfer.Receiving receiving;
        synchronized (this) {
            requireRunning(rank);
            receiving = session.states().fetch(download, rank, donor, session.peer(nodeOf(donor)));
        }
        transport.wake();
        try {
            while (!download.isComplete()) {
                awaitNews(rank, receiving);
                progress.accept(receiving.progress());
            }
        } finally {
            synchronized (this) {
                session.states().abandon(receiving);
            }
        }
    }

    private synchronized void awaitNews(int rank, StateTransfer.Receiving receiving) throws ExchangeException {
        requireRunning(rank);
        String problem = receiving.problem(transport.settings().joinTimeout());
        if (problem != null) {
            throw new ExchangeException(prefix(rank) + problem);
        }
        sleep(PROGRESS_INTERVAL_MS);
    }

    @Override
    synchronized ReduceRound begin(int rank, long step) throws ExchangeException {
        await(rank, session::isOpen);
        ReduceRound round = super.begin(rank, step);
        session.failWithLeavers();
        requireRunning(rank);
        return round;
    }

    @Override
    ReduceRound newRound(int rank, long step) {
        ReduceRound last = newest();
        if (last != null && !last.isComplete()) {
            throw new IllegalStateException(
                    "rank " + rank + ": step " + step + " begun before step " + last.step + " is complete");
        }
        return new ReduceRound(step, spec(), localRanks(), last);
    }

    @Override
    synchronized void contribute(ReduceRound round, int segment, int rank, List<Partial> partials)
            throws ExchangeException {
        requireRunning(rank);
        session.reduce().contribute(round, segment, rank, partials);
        transport.wake();
    }

    @Override
    synchronized void contribute(ReduceRound round, int rank, List<LaneTotals> lanes, boolean stop)
            throws ExchangeException {
        requireRunning(rank);
        round.contribute(lanes, stop);
        if (round.localTotalsMissing == 0) {
            transport.wake();
        }
        if (round.hasTotals()) {
            notifyAll();
        }
    }

    @Override
    void await(ReduceRound round, int segment, int rank, FloatBuffer sum) throws ExchangeException {
        ReduceRound.Slot slot = target(round, segment, sum);
        help(round, slot::isComplete);
        StagingBuffer results;
        synchronized (this) {
            await(rank, slot::isComplete);
            session.announce(round);
            if (session.isClosed()) {
                throw session.failure(prefix(rank));
            }
            results = session.reduce().results(slot);
            session.beginRead();
        }
        try {
            for (int[] range : slot.staged) {
                results.each(range[0], range[1], (block, offset, from, count) -> sum.put(from, block, offset, count));
            }
        } finally {
            synchronized (this) {
                session.endRead();
            }
        }
    }

    /** Has sums written to where the trainer wants them, if it is the only one here. */
    private synchronized ReduceRound.Slot target(ReduceRound round, int segment, FloatBuffer sum) {
        ReduceRound.Slot slot = round.slots[segment];
        if (slot == null || sum.limit() != slot.size) {
            throw new IllegalArgumentException("segment " + segment + " has " + (slot == null ? 0 : slot.size)
                    + " floats, its sum has room for " + sum.limit());
        }
        if (localRanks() == 1) {
            slot.target = sum;
        }
        return slot;
    }

    @Override
    StepTotals awaitTotals(ReduceRound round, int rank) throws ExchangeException {
        help(round, round::hasTotals);
        synchronized (this) {
            await(rank, round::hasTotals);
            session.announce(round);
            return round.stepTotals();
        }
    }

    /** Does the transport's work while a sum is waited for, once no trainer of this node computes any more. */
    private void help(ReduceRound round, BooleanSupplier ready) {
        synchronized (this) {
            if (round.localTotalsMissing > 0) {
                return;
            }
        }
        transport.help(() -> {
            synchronized (this) {
                return session.hasFailed() || ready.getAsBoolean();
            }
        });
    }

    @Override
    void fail(String reason) {
        session.fail(reason);
    }

    /** Waits. What is complete is given even after a failure, so that every member that can commit a step does. */
    private synchronized void await(int rank, BooleanSupplier ready) throws ExchangeException {
        while (!ready.getAsBoolean()) {
            requireRunning(rank);
            sleep(transport.settings().livenessTimeout().toMillis());
        }
    }

    /** Until somebody notifies, or the time is over. */
    @SuppressWarnings("WaitNotInLoop") // The callers look again whether they have what they wait for.
    private synchronized void sleep(long ms) {
        try {
            wait(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail("a trainer thread was interrupted");
        }
        if (!transport.isRunning()) {
            session.failHere(transport.whyEnded());
        }
    }

    @Override
    void requireRunning(int rank) throws ExchangeException {
        if (session.hasFailed()) {
            throw session.failure(prefix(rank));
        }
    }

    private String prefix(int rank) {
        ReduceRound round = newest();
        return "rank " + rank + ", generation " + spec().generation() + (round == null ? "" : ", step " + round.step)
                + ": ";
    }
}
