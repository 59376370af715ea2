package io.flm.exchange;

import io.aeron.ExclusivePublication;
import io.aeron.exceptions.StorageSpaceException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A transport's streams to other nodes. They outlive generations: a node that is in the next one too keeps its streams. */
final class Links {
    private static final int CONTROL_TERM = 1 << 20;

    /** Of terms, for a stream to another node and one from it. */
    private static final long BUFFERS = 2 * 3;

    /** What a node on this machine needs, whose gradients go by a ring. */
    private static final long NEAR_BYTES = 16 << 20;

    private final TransportDriver driver;
    private final NetworkSizes sizes;
    private final boolean sharedMemory;
    private final SecureRandom random = new SecureRandom();
    private final Map<Endpoint, Link> links = new HashMap<>();
    private boolean stale;

    Links(TransportDriver driver, NetworkSizes sizes, boolean sharedMemory) {
        this.driver = driver;
        this.sizes = sizes;
        this.sharedMemory = sharedMemory;
    }

    /** The streams to one other node. */
    record Link(Endpoint to, ExclusivePublication gradients, ExclusivePublication control) {
        boolean isConnected() {
            return gradients.isConnected() && control.isConnected();
        }

        private boolean isClosed() {
            return gradients.isClosed() || control.isClosed();
        }
    }

    /** Opens the streams to a node, or gives those that are open. */
    Link to(Endpoint node) {
        Link link = links.get(node);
        if (link == null || link.isClosed()) {
            long bytes = isNear(node) ? NEAR_BYTES : BUFFERS * (sizes.term() + CONTROL_TERM);
            String lack = TransportDriver.lackOfRoom(driver.directory().path(), bytes);
            if (lack != null) {
                throw new StorageSpaceException(lack);
            }
            link = new Link(
                    node,
                    stream(node, Transport.GRADIENTS, sizes.term()),
                    stream(node, Transport.CONTROL, Math.min(sizes.term(), CONTROL_TERM)));
            links.put(node, link);
        }
        return link;
    }

    /** Its first term id is its ticket for the other's {@link StreamAuthenticator}. */
    private ExclusivePublication stream(Endpoint to, int stream, int term) {
        int session = random.nextInt();
        int ticket = StreamAuthenticator.ticket(to.pass(), stream, session);
        return driver.client()
                .addExclusivePublication(
                        "aeron:udp?endpoint=" + to.address() + "|term-length=" + term + "|session-id=" + session
                                + "|init-term-id=" + ticket + "|term-id=" + ticket + "|term-offset=0",
                        stream);
    }

    boolean isEmpty() {
        return links.isEmpty();
    }

    /** Closes the streams to a node that is lost: what they still hold is of no use. */
    void revoke(Link link) {
        links.remove(link.to, link);
        link.gradients.revoke();
        link.control.revoke();
    }

    /** Others may have closed their ends: the next generation begins with new streams. */
    void makeStale() {
        stale = true;
    }

    /** Closes the streams to all but these nodes. */
    void keepOnly(List<Endpoint> nodes) {
        for (Link link : List.copyOf(links.values())) {
            if (stale || !nodes.contains(link.to)) {
                links.remove(link.to);
                link.gradients.close();
                link.control.close();
            }
        }
        stale = false;
    }

    /** Whether a node is on this machine, by the address that it is reached at. */
    boolean isNear(Endpoint node) {
        return sharedMemory
                && node.host().equals(Endpoint.parse(driver.address()).host());
    }

    /** A ring to one of {@code receivers} nodes of this machine, or null if there is no room. */
    @Nullable SharedRing newRing(int receivers) {
        return SharedRing.create(driver.directory().path(), receivers);
    }

    /** The ring that another node of this machine offers, or null. */
    @Nullable SharedRing openRing(String name) {
        return sharedMemory ? SharedRing.open(driver.directory().users(), name) : null;
    }
}
