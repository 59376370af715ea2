package io.flm.exchange;

import org.jspecify.annotations.Nullable;

/**
 * A process's end of the exchange: one for all of its workers, for as long as the process takes part in runs. It outlives
 * generations, so that survivors of a loss form the next one at once.
 */
public final class ExchangeNode implements AutoCloseable {
    private final @Nullable Wire wire;
    private final Counts counts;
    private @Nullable Meeting newest;
    private boolean closed;

    private ExchangeNode(@Nullable Wire wire, Counts counts) {
        this.wire = wire;
        this.counts = counts;
    }

    /** For the workers of one process: no transport, no thread, no file. Joins only deals with one node. */
    public static ExchangeNode inMemory() {
        return new ExchangeNode(null, new Counts());
    }

    /**
     * Starts the transport and binds its port.
     *
     * @throws ExchangeException where the address cannot be had, or the buffers have no room: what, where, what to do
     */
    public static ExchangeNode open(ExchangeSettings settings) throws ExchangeException {
        Counts counts = new Counts();
        return new ExchangeNode(Wire.open(settings, counts), counts);
    }

    /** Where other nodes reach this one, as {@code host:port}; empty where it is in memory only. */
    public String endpoint() {
        return wire == null ? "" : wire.endpoint();
    }

    /**
     * Enters a generation, which ends every earlier one of this node. Does not wait: the first step, or {@link
     * Exchange#fetch}, waits for the other members. A deal with one node needs no transport.
     *
     * @throws ExchangeException where a later generation has begun, or the node was closed
     * @throws IllegalArgumentException where the ranks of this node disagree on the deal
     */
    public synchronized Exchange join(Deal deal, int rank) throws ExchangeException {
        if (closed) {
            throw new ExchangeException("rank " + rank + ": the node was closed");
        }
        Meeting meeting = newest;
        if (meeting != null && deal.generation() < meeting.deal().generation()) {
            throw new ExchangeException("rank " + rank + ": generation " + deal.generation() + " is over, "
                    + meeting.deal().generation() + " has begun");
        }
        if (meeting == null || meeting.deal().generation() < deal.generation()) {
            if (meeting != null) {
                meeting.fail("generation " + meeting.deal().generation() + " was followed by " + deal.generation());
            }
            meeting = meet(deal, rank);
            newest = meeting;
        }
        if (!meeting.deal().equals(deal) || rank < 0 || rank >= deal.worldSize()) {
            throw new IllegalArgumentException(
                    "rank " + rank + " joins with " + deal + "; the others have " + meeting.deal());
        }
        meeting.join(rank);
        return new Member(meeting, rank);
    }

    private Meeting meet(Deal deal, int rank) {
        if (deal.nodeCount() == 1) {
            return new LocalMeeting(deal);
        }
        if (wire == null) {
            throw new IllegalStateException("a deal with " + deal.nodeCount() + " nodes on a node in memory");
        }
        if (!wire.isRunning()) {
            throw new IllegalStateException("the exchange's thread has ended; the node has to be started again");
        }
        WireMeeting meeting = new WireMeeting(deal, deal.members().get(rank).node(), wire);
        wire.attach(meeting);
        return meeting;
    }

    /** What has been counted since this node was opened. */
    public ExchangeCounters counters() {
        return counts.snapshot();
    }

    /** Ends the generation and the transport; leaves no thread and no file. */
    @Override
    public void close() {
        Meeting meeting;
        synchronized (this) {
            closed = true;
            meeting = newest;
        }
        if (meeting != null) {
            meeting.fail("the node was closed");
        }
        if (wire != null) {
            wire.close();
        }
    }
}
