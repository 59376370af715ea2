package io.flm.exchange;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * One member's end of the gradient exchange of one generation. Every lane's gradient is added along the {@link LaneTree}, so
 * the sums are the same bits for every assignment of lanes to members. Called by one trainer thread.
 *
 * <p>A step: {@code begin}, then {@code contribute} for each segment as its gradients become ready (any order, the same on all
 * members), {@code contribute} of the totals, then {@code await} of each. A step whose every await has returned can be committed. A
 * member that is alone may leave out the segments: the sum of its lanes is the sum. If a member is lost meanwhile, the others may
 * end one step apart: some have all sums, some do not. Those behind get the state from one that is ahead ({@link #offer}, {@link
 * #fetch}). After an exception of any kind the only call left is {@code close}.
 */
public interface Exchange extends AutoCloseable {
    /** Place in the generation, from 0. */
    int rank();

    /** Number of members. */
    int worldSize();

    /** The lanes that this member runs. */
    LaneRange lanes();

    /**
     * Offers this member's state to members that lack it, before its first step begins. Returns at once; the source is read until
     * the first step's sums are there, or the exchange is closed.
     *
     * @param step the steps that the state has committed
     */
    void offer(long step, StateSource source) throws ExchangeException;

    /**
     * Fetches the state from a member that holds it, before this member's first step begins. Waits until the state is complete
     * and its hash checked, as long as the donor makes progress.
     *
     * @param download where to begin; goes on where an earlier generation's fetch ended
     * @param progress told several times a second, on this thread
     */
    void fetch(StateDownload download, Consumer<StateDownload.Progress> progress) throws ExchangeException;

    /** Opens the reduction of a step; the previous step's must have been awaited. */
    Reduction begin(long step) throws ExchangeException;

    /**
     * Leaves the generation; members that wait for this one get an {@link ExchangeException}. May be called by any thread, more
     * than once, and releases this member's own trainer thread as well.
     */
    @Override
    void close();

    /** The reduction of one step. */
    interface Reduction {
        /**
         * Hands over the sums of the subtrees that this member holds of a segment (see {@link LaneTree#cover}). Returns at
         * once; the buffers stay untouched until {@link #await} of the segment has returned.
         */
        void contribute(int segment, List<Partial> partials) throws ExchangeException;

        /**
         * Hands over the totals of this member's lanes, in lane order.
         *
         * @param stop asks all members to make this step their last
         */
        void contribute(List<LaneTotals> lanes, boolean stop) throws ExchangeException;

        /** Waits for the sum of a segment over all lanes and writes it to {@code sum}, which may be one of the partials. */
        void await(int segment, FloatBuffer sum) throws ExchangeException;

        /** Waits for the totals of all lanes. */
        StepTotals awaitTotals() throws ExchangeException;
    }
}
