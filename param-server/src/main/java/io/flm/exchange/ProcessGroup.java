package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The members of one generation, as the ranks of this process share it: made by the first that joins, called by {@link
 * RankExchange}. A {@link LocalGroup} adds if all members are in this process, else a {@link MultiNodeGroup}. One monitor guards all
 * of it.
 *
 * @param <R> what it knows of a step
 */
abstract class ProcessGroup<R extends Round> {
    private final GroupSpec spec;
    private final int localRanks;
    private final BitSet joined = new BitSet();
    private @Nullable R newest;

    /** @param localRanks how many ranks run in this process */
    ProcessGroup(GroupSpec spec, int localRanks) {
        this.spec = spec;
        this.localRanks = localRanks;
    }

    final GroupSpec spec() {
        return spec;
    }

    final int localRanks() {
        return localRanks;
    }

    /** The step that the ranks of this process are in; null before the first. */
    final @Nullable R newest() {
        return newest;
    }

    /** Enters a rank of this process, which has the same spec as the others. */
    final synchronized Exchange join(int rank) {
        if (joined.get(rank)) {
            throw new IllegalStateException("rank " + rank + " joins generation " + spec.generation() + " twice");
        }
        joined.set(rank);
        return new RankExchange<>(this, rank);
    }

    /** Joins the step's round. The first rank makes it, once all ranks of this process have begun the one before. */
    synchronized R begin(int rank, long step) throws ExchangeException {
        requireRunning(rank);
        R round = newest;
        if (round == null || (round.step != step && round.begun.cardinality() == localRanks)) {
            if (round != null && round.step > step) {
                throw new IllegalStateException("rank " + rank + ": step " + step + " begun after step " + round.step);
            }
            round = newRound(rank, step);
            newest = round;
        }
        if (round.step != step || round.begun.get(rank)) {
            throw new IllegalStateException(
                    "rank " + rank + ": step " + step + " begun, while the members are at step " + round.step);
        }
        round.begun.set(rank);
        return round;
    }

    /** The round after {@link #newest}. */
    abstract R newRound(int rank, long step);

    abstract void offer(int rank, long step, StateSource source) throws ExchangeException;

    abstract void fetch(int rank, StateDownload download, Consumer<StateDownload.Progress> progress)
            throws ExchangeException;

    abstract void contribute(R round, int segment, int rank, List<Partial> partials) throws ExchangeException;

    abstract void contribute(R round, int rank, List<LaneTotals> lanes, boolean stop) throws ExchangeException;

    abstract void await(R round, int segment, int rank, FloatBuffer sum) throws ExchangeException;

    abstract StepTotals awaitTotals(R round, int rank) throws ExchangeException;

    /** A rank of this process leaves, which ends the generation for all. */
    final void leave(int rank) {
        fail("rank " + rank + " left generation " + spec.generation());
    }

    /** Ends the generation here; returns when nobody reads a contribution any more. */
    abstract void fail(String reason);

    /** Throws once the generation has ended. */
    abstract void requireRunning(int rank) throws ExchangeException;

    /** Copies the state of another rank of this process. */
    final void copy(int rank, StateOffer offer, StateDownload download, Consumer<StateDownload.Progress> progress)
            throws ExchangeException {
        StateCopy.Reading reading = (offset, into) -> {
            synchronized (this) {
                requireRunning(rank);
                offer.source.read(offset, into);
            }
        };
        StateCopy.copy(offer.step, offer.source.sizeBytes(), reading, offer.rank, download, progress);
    }
}
