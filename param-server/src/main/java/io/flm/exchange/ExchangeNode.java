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

    /** What another transport is opened with, at the same endpoint, once this one has ended; null: in memory only. */
    private final @Nullable ExchangeSettings settings;

    private final Endpoint endpoint;
    private @Nullable Transport transport;
    private final LiveCounters counts;
    private @Nullable ProcessGroup<?> newest;
    private boolean closed;

    private ExchangeNode(
            @Nullable ExchangeSettings settings,
            Endpoint endpoint,
            @Nullable Transport transport,
            LiveCounters counts) {
        this.settings = settings;
        this.endpoint = endpoint;
        this.transport = transport;
        this.counts = counts;
    }

    /** For the workers of one process: no transport, no thread, no file. Joins only groups of one node. */
    public static ExchangeNode inMemory() {
        return new ExchangeNode(null, new Endpoint("", ""), null, new LiveCounters());
    }

    /**
     * Starts the transport and binds its port.
     *
     * @throws ExchangeException if the address cannot be had, or the buffers have no room: what, where, what to do
     */
    public static ExchangeNode open(ExchangeSettings settings) throws ExchangeException {
        LiveCounters counts = new LiveCounters();
        byte[] pass = new byte[PASS_BYTES];
        new SecureRandom().nextBytes(pass);
        String secret = HexFormat.of().formatHex(pass);
        Transport transport = Transport.open(settings, secret, counts);
        Endpoint endpoint = new Endpoint(transport.address(), secret);
        return new ExchangeNode(settings.withPort(endpoint.port()), endpoint, transport, counts);
    }

    /**
     * Where other nodes reach this one, as {@code host:port/pass}; empty if it is in memory only. The pass lets streams in, so
     * it is no text for a log. It stays the same for as long as this node lives.
     */
    public String endpoint() {
        return settings == null ? "" : endpoint.text();
    }

    /**
     * Enters a generation, which ends every earlier one of this node. Does not wait: the first step, or {@link
     * Exchange#fetch}, waits for the other members. A group of one node needs no transport.
     *
     * @throws ExchangeException if a later generation has begun, the node was closed, or its transport has ended and cannot be
     *     opened again: then this node itself is among the lost
     * @throws IllegalArgumentException if the ranks of this node disagree on the spec
     */
    public synchronized Exchange join(GroupSpec spec, int rank) throws ExchangeException {
        if (closed) {
            throw new ExchangeException("rank " + rank + ": the node was closed");
        }
        ProcessGroup<?> group = newest;
        if (group != null && spec.generation() < group.spec().generation()) {
            throw new ExchangeException("rank " + rank + ": generation " + spec.generation() + " is over, "
                    + group.spec().generation() + " has begun");
        }
        if (group == null || group.spec().generation() < spec.generation()) {
            if (group != null) {
                group.fail("generation " + group.spec().generation() + " was followed by " + spec.generation());
            }
            group = form(spec, rank);
            newest = group;
        }
        if (!group.spec().equals(spec) || rank < 0 || rank >= spec.worldSize()) {
            throw new IllegalArgumentException(
                    "rank " + rank + " joins with " + spec + "; the others have " + group.spec());
        }
        return group.join(rank);
    }

    private ProcessGroup<?> form(GroupSpec spec, int rank) throws ExchangeException {
        if (spec.nodeCount() == 1) {
            return new LocalGroup(spec);
        }
        int node = spec.ranks().get(rank).node();
        Transport running = running(node);
        MultiNodeGroup group = new MultiNodeGroup(spec, node, running);
        running.attach(group.session());
        return group;
    }

    /** The transport. It is opened again if it has ended, for whatever reason. */
    private Transport running(int node) throws ExchangeException {
        ExchangeSettings again = settings;
        Transport last = transport;
        if (again == null || last == null) {
            throw new IllegalStateException("a group of several nodes on a node in memory");
        }
        if (last.isRunning()) {
            return last;
        }
        last.close();
        try {
            Transport opened = Transport.open(again, endpoint.pass(), counts);
            LOG.warn("{}: the exchange is open again; {}", endpoint, last.whyEnded());
            transport = opened;
            return opened;
        } catch (ExchangeException e) {
            throw new ExchangeException(
                    last.whyEnded() + "; it cannot be opened again: " + e.getMessage(), Set.of(node));
        }
    }

    /** For a test that ends it from outside; null: in memory only. */
    synchronized @Nullable Transport transport() {
        return transport;
    }

    /** What has been counted since this node was opened. */
    public ExchangeCounters counters() {
        return counts.snapshot();
    }

    /** Ends the generation and the transport; leaves no thread and no file. */
    @Override
    public void close() {
        ProcessGroup<?> group;
        Transport last;
        synchronized (this) {
            closed = true;
            group = newest;
            last = transport;
        }
        if (group != null) {
            group.fail("the node was closed");
        }
        if (last != null) {
            last.close();
        }
    }
}
