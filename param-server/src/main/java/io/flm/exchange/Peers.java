package io.flm.exchange;

import io.aeron.ErrorCode;
import io.aeron.exceptions.RegistrationException;
import io.aeron.exceptions.StorageSpaceException;
import io.flm.exchange.wire.RingAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The other nodes of a group: connects to them, says Hello, and notices those that are silent or have left.
 *
 * <p>Somebody who has just woken up believes that the room went silent. So does a process that stood still: the signs of life of
 * the others wait in its buffers, and its own are missing at the others. It does not call anybody lost then, but ends the
 * generation as one that may itself be lost. Nor does it when its own transport has failed.
 *
 * <p>A node that leaves says so, and which step is the first without it. A step before that can still be completed, since the node
 * has sent all that the others need of it. Guarded by the group's monitor.
 */
final class Peers implements Iterable<Peer> {
    private static final long HELLO_INTERVAL_NS = 20_000_000;

    private final GroupSpec spec;
    private final int node;
    private final Transport transport;
    private final Consumer<String> fail;
    private final List<Peer> peers = new ArrayList<>();
    private final Set<Integer> lost = new TreeSet<>();
    private final GroupFrames frames = new GroupFrames();
    private final long begunNs = System.nanoTime();

    /**
     * @param node this one
     * @param fail ends the generation, for a reason
     */
    Peers(GroupSpec spec, int node, Transport transport, Consumer<String> fail) {
        this.spec = spec;
        this.node = node;
        this.transport = transport;
        this.fail = fail;
        for (int each = 0; each < spec.nodeCount(); each++) {
            if (each != node) {
                peers.add(new Peer(each, spec, node, transport.counts()));
            }
        }
    }

    @Override
    public Iterator<Peer> iterator() {
        return peers.iterator();
    }

    Peer get(int of) {
        return peers.get(of < node ? of : of - 1);
    }

    /** The nodes that are lost, this one among them if it is its own transport that failed. */
    Set<Integer> lost() {
        return lost;
    }

    /** Connects, says Hello, and notices silence. */
    void lookAfter(long now, @Nullable ReduceRound newest) {
        for (Peer peer : peers) {
            if (peer.link == null) {
                connect(peer);
            }
        }
        for (Peer peer : peers) {
            if (!peer.hasLeft()) {
                lookAfter(peer, now);
            } else if (peer.isSilent() && newest != null && !newest.isComplete()) {
                Duration liveness = transport.settings().livenessTimeout();
                lose(peer, "left, and its last sums did not come within", liveness, "liveness-timeout");
            }
        }
        failWithLeavers(newest);
    }

    private void lookAfter(Peer peer, long now) {
        ExchangeSettings settings = transport.settings();
        long waitedMs = (now - begunNs) / 1_000_000;
        boolean silent = peer.isSilent();
        peer.connected |= !silent;
        if (silent && peer.connected) {
            lose(peer, "silent for more than", settings.livenessTimeout(), "liveness-timeout");
        } else if (silent && waitedMs > settings.connectTimeout().toMillis()) {
            lose(peer, "did not answer within", settings.connectTimeout(), "connect-timeout");
        } else if (!peer.ready && waitedMs > settings.joinTimeout().toMillis()) {
            fail.accept(peer.name() + " answers, but did not join within "
                    + settings.joinTimeout().toMillis() + " ms (flm.exchange.join-timeout)");
        }
        if (!silent && (peer.helloOwed || (!peer.ready && now - peer.helloSentNs > HELLO_INTERVAL_NS))) {
            peer.helloOwed = !frames.sendHello(peer, spec);
            peer.helloSentNs = now;
        }
    }

    private void connect(Peer peer) {
        Endpoint endpoint = spec.endpoint(peer.node);
        try {
            peer.use(
                    transport.links().to(endpoint),
                    transport.links().isNear(endpoint) ? transport.links().newRing(nearPeers()) : null);
        } catch (StorageSpaceException e) {
            transport.giveUp("no stream to " + peer.name() + " can be opened: " + TransportDriver.firstLine(e));
        } catch (RegistrationException e) {
            if (e.errorCode() == ErrorCode.UNKNOWN_HOST || e.errorCode() == ErrorCode.INVALID_CHANNEL) {
                peer.lost = true;
                lost.add(peer.node);
                fail.accept(peer.name() + " cannot be reached: " + TransportDriver.firstLine(e));
            } else { // it has no room, or its folder is gone: the next stream would fail likewise
                transport.giveUp("no stream to " + peer.name() + " can be opened: " + TransportDriver.firstLine(e));
            }
        }
    }

    private int nearPeers() {
        return (int) peers.stream()
                .filter(peer -> transport.links().isNear(spec.endpoint(peer.node)))
                .count();
    }

    private void lose(Peer peer, String what, Duration timeout, String setting) {
        if (!transport.requireAlive()) {
            return; // it is this node that is silent
        }
        long stoodStillMs = transport.stoodStillMs();
        if (stoodStillMs > 0) {
            fail.accept("this process stood still for " + stoodStillMs + " ms: the others may have gone on without it");
            return;
        }
        peer.lost = true;
        lost.add(peer.node);
        transport.counts().lostPeers.increment();
        if (peer.link != null) {
            transport.links().revoke(peer.link);
        }
        fail.accept(peer.name() + " " + what + " " + timeout.toMillis() + " ms (flm.exchange." + setting + ")");
    }

    /** Fails if a node has left without which this node's step cannot be done. */
    void failWithLeavers(@Nullable ReduceRound newest) {
        for (Peer peer : peers) {
            if (peer.hasLeft() && (newest == null || (newest.step >= peer.leftBefore && !newest.isComplete()))) {
                lost.addAll(peer.leaveLost);
                fail.accept(peer.name() + " left: " + peer.leaveReason);
            }
        }
    }

    /** Whether all have joined, and know that this node has. */
    boolean areReady() {
        return peers.stream().allMatch(peer -> peer.ready && !peer.helloOwed);
    }

    /** Bytes of values that a frame between any two of them can hold. */
    int chunkBytes() {
        int least = Integer.MAX_VALUE;
        for (Peer peer : peers) {
            least = Math.min(least, Math.min(peer.chunkBytesIn, peer.chunkBytesOut));
        }
        return least;
    }

    /** Takes a Hello or a Leave; false: the frame is about something else. */
    boolean receive(Peer peer, FrameReader frame, @Nullable ReduceRound newest) {
        GroupFrames.Hello hello = frames.hello(frame);
        if (hello != null) {
            onHello(peer, hello);
            return true;
        }
        GroupFrames.Leave leave = frames.leave(frame);
        if (leave != null) {
            onLeave(peer, leave);
            failWithLeavers(newest);
        }
        return leave != null;
    }

    private void onHello(Peer peer, GroupFrames.Hello hello) {
        if (hello.spec() != spec.fingerprint()) {
            fail.accept(peer.name() + " was told another group for generation " + spec.generation());
        } else if (!peer.ready) {
            peer.chunkBytesIn = hello.chunkBytes();
            if (peer.ringAnswer() == RingAnswer.UNHEARD) {
                peer.takeRing(transport.links().openRing(hello.ring()));
            }
            peer.hear(hello.ringAnswer());
            peer.helloOwed = true; // the one before may have come too early
        }
    }

    private void onLeave(Peer peer, GroupFrames.Leave leave) {
        Set<Integer> nodes = new TreeSet<>(leave.lost());
        nodes.removeIf(each -> each < 0 || each >= spec.nodeCount() || each == node);
        peer.leftBefore = leave.nextStep();
        peer.leaveLost = nodes;
        peer.leaveReason = leave.reason();
    }

    /**
     * Tells the others that this node leaves; the number of frames sent.
     *
     * @param nextStep the first step that it takes no part in
     * @param served whether a node has all that it needs of this one
     */
    int sendLeaves(long nextStep, String reason, Predicate<Peer> served) {
        int sent = 0;
        for (Peer peer : peers) {
            if (!peer.leaveSent
                    && !peer.lost
                    && !peer.isSilent()
                    && served.test(peer)
                    && frames.sendLeave(peer, nextStep, lost, reason)) {
                peer.leaveSent = true;
                sent++;
            }
        }
        return sent;
    }

    /**
     * Whether each that is not lost was told that this node leaves.
     *
     * @param answered and has left itself
     */
    boolean areTold(boolean answered) {
        return peers.stream().allMatch(peer -> peer.lost || (peer.leaveSent && (!answered || peer.hasLeft())));
    }

    /** Whether any has joined. */
    boolean isAnyReady() {
        return peers.stream().anyMatch(peer -> peer.ready);
    }

    /** Gives shared memory back. */
    void close() {
        peers.forEach(Peer::close);
    }
}
