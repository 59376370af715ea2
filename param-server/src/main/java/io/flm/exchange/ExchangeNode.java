package io.flm.exchange;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's end of the exchange: one for all of its workers, for as long as the process takes part in runs. It outlives
 * generations, so that survivors of a loss form the next one at once.
 */
public final class ExchangeNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeNode.class);
    private static final int PASS_BYTES = 16;

    /** What another transport is opened with, at the same endpoint, where this one has ended; null: in memory only. */
    private final @Nullable ExchangeSettings settings;

    private final Endpoint endpoint;
    private @Nullable Wire wire;
    private final Counts counts;
    private @Nullable Meeting newest;
    private boolean closed;

    private ExchangeNode(@Nullable ExchangeSettings settings, Endpoint endpoint, @Nullable Wire wire, Counts counts) {
        this.settings = settings;
        this.endpoint = endpoint;
        this.wire = wire;
        this.counts = counts;
    }

    /** For the workers of one process: no transport, no thread, no file. Joins only deals with one node. */
    public static ExchangeNode inMemory() {
        return new ExchangeNode(null, new Endpoint("", ""), null, new Counts());
    }

    /**
     * Starts the transport and binds its port.
     *
     * @throws ExchangeException where the address cannot be had, or the buffers have no room: what, where, what to do
     */
    public static ExchangeNode open(ExchangeSettings settings) throws ExchangeException {
        Counts counts = new Counts();
        byte[] pass = new byte[PASS_BYTES];
        new SecureRandom().nextBytes(pass);
        String secret = HexFormat.of().formatHex(pass);
        Wire wire = Wire.open(settings, secret, counts);
        Endpoint endpoint = new Endpoint(wire.address(), secret);
        return new ExchangeNode(settings.withPort(endpoint.port()), endpoint, wire, counts);
    }

    /**
     * Where other nodes reach this one, as {@code host:port/pass}; empty where it is in memory only. The pass lets streams in, so
     * it is no text for a log. It stays the same for as long as this node lives.
     */
    public String endpoint() {
        return settings == null ? "" : endpoint.text();
    }

    /**
     * Enters a generation, which ends every earlier one of this node. Does not wait: the first step, or {@link
     * Exchange#fetch}, waits for the other members. A deal with one node needs no transport.
     *
     * @throws ExchangeException where a later generation has begun, the node was closed, or its transport has ended and cannot be
     *     opened again: then this node itself is among the lost
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

    private Meeting meet(Deal deal, int rank) throws ExchangeException {
        if (deal.nodeCount() == 1) {
            return new LocalMeeting(deal);
        }
        int node = deal.members().get(rank).node();
        Wire running = running(node);
        WireMeeting meeting = new WireMeeting(deal, node, running);
        running.attach(meeting);
        return meeting;
    }

    /** The transport, which is opened again where it has ended, whatever had ended it. */
    private Wire running(int node) throws ExchangeException {
        ExchangeSettings again = settings;
        Wire last = wire;
        if (again == null || last == null) {
            throw new IllegalStateException("a deal with other nodes on a node in memory");
        }
        if (last.isRunning()) {
            return last;
        }
        last.close();
        try {
            Wire opened = Wire.open(again, endpoint.pass(), counts);
            LOG.warn("{}: the exchange is open again; {}", endpoint, last.whyEnded());
            wire = opened;
            return opened;
        } catch (ExchangeException e) {
            throw new ExchangeException(
                    last.whyEnded() + "; it cannot be opened again: " + e.getMessage(), Set.of(node));
        }
    }

    /** For a test that ends it from outside; null: in memory only. */
    synchronized @Nullable Wire transport() {
        return wire;
    }

    /** What has been counted since this node was opened. */
    public ExchangeCounters counters() {
        return counts.snapshot();
    }

    /** Ends the generation and the transport; leaves no thread and no file. */
    @Override
    public void close() {
        Meeting meeting;
        Wire last;
        synchronized (this) {
            closed = true;
            meeting = newest;
            last = wire;
        }
        if (meeting != null) {
            meeting.fail("the node was closed");
        }
        if (last != null) {
            last.close();
        }
    }
}
