package io.flm.exchange;

import io.aeron.Image;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the transport does for a {@link MultiNodeGroup}: looks after the other nodes, sends, receives, adds, and ends the generation
 * when a rank leaves or a node is lost. Guarded by the group's monitor, which it holds for short slices of work.
 *
 * <p>A generation that ends after a complete step ends gracefully: the other nodes still get everything that they need of that step,
 * so that they can commit it too.
 */
final class GroupSession implements TransportSession {
    /** How long others are told of the end of a generation in which none of them has joined. */
    private static final long LEAVE_UNHEARD_NS = 200_000_000;

    /** Frames sent to a node, and taken from its ring, before others have their turn. */
    private static final int BURST = 8;

    private static final Logger LOG = LoggerFactory.getLogger(GroupSession.class);

    private final MultiNodeGroup group;
    private final GroupSpec spec;
    private final int node;
    private final Transport transport;
    private final Peers peers;
    private final StateTransfer states;
    private @Nullable AllReduce reduce; // once all have said Hello

    private @Nullable String failure;
    private boolean graceful;
    private long endedNs;
    private boolean closed;
    private int readers; // trainers that read sums from staging buffers

    /** @param node this one */
    GroupSession(MultiNodeGroup group, int node, Transport transport) {
        this.group = group;
        this.spec = group.spec();
        this.node = node;
        this.transport = transport;
        this.peers = new Peers(spec, node, transport, this::fail);
        this.states = new StateTransfer(transport.counts());
    }

    Peer peer(int of) {
        return peers.get(of);
    }

    StateTransfer states() {
        return states;
    }

    boolean isOpen() {
        return reduce != null;
    }

    AllReduce reduce() {
        AllReduce all = reduce;
        if (all == null) {
            throw new IllegalStateException("a step before all have joined");
        }
        return all;
    }

    /** A trainer reads sums from the staging buffers until {@link #endRead}: they stay. */
    void beginRead() {
        readers++;
    }

    void endRead() {
        readers--;
    }

    /** The generation has ended; what is complete can still be had, until it is closed. */
    boolean hasFailed() {
        return failure != null;
    }

    boolean isClosed() {
        return closed;
    }

    ExchangeException failure(String prefix) {
        return new ExchangeException(prefix + failure, peers.lost());
    }

    void failWithLeavers() {
        peers.failWithLeavers(group.newest());
    }

    @Override
    public long generation() {
        return spec.generation();
    }

    @Override
    public List<Endpoint> endpoints() {
        return spec.endpoints().stream().map(Endpoint::parse).toList();
    }

    @Override
    public void fail(String reason) {
        synchronized (group) {
            if (failure == null) {
                ReduceRound round = group.newest();
                graceful = round != null && round.isComplete();
                failure = reason;
                endedNs = System.nanoTime();
                group.notifyAll();
                transport.wake();
            }
        }
    }

    @Override
    public void failHere(String reason) {
        synchronized (group) {
            if (failure == null) {
                peers.lost().add(node);
            }
            fail(reason);
        }
    }

    private void failUnexpectedly(Throwable e) {
        LOG.error("generation {}", spec.generation(), e);
        failHere("this node's exchange failed in generation " + spec.generation() + ": " + e);
    }

    @Override
    public int work(long now) {
        synchronized (group) {
            return closed ? 0 : slice(now);
        }
    }

    private int slice(long now) {
        int work = 0;
        try {
            if (failure == null) {
                peers.lookAfter(now, group.newest());
            }
            if (failure == null) {
                work += states.work() + open();
            }
            if (failure == null || graceful) {
                work += send();
            }
            if (failure == null) {
                work += add();
            }
            for (Peer peer : peers) {
                work += peer.readRing(transport.ringHandler(), BURST);
            }
        } catch (ProtocolException | IllegalArgumentException | IllegalStateException e) {
            if (transport.requireAlive()) { // else it comes of that
                fail(String.valueOf(e.getMessage()));
            }
        } catch (RuntimeException
                | Error e) { // a state that cannot be read, no memory: not the other generations' fault
            failUnexpectedly(e);
        }
        if (failure != null) {
            work += peers.sendLeaves(nextStep(), failure, this::isServed);
        }
        return work;
    }

    private int open() {
        if (reduce != null || !peers.areReady()) {
            return 0;
        }
        reduce = new AllReduce(spec, node, peers.chunkBytes());
        group.notifyAll();
        return 1;
    }

    private int send() {
        ReduceRound round = group.newest();
        AllReduce all = reduce;
        if (round == null || all == null) {
            return 0;
        }
        int sent = 0;
        for (Peer peer : peers) {
            int frames = 0;
            while (frames < BURST && !peer.lost && !peer.hasLeft() && all.send(round, peer.node, peer.gradients())) {
                frames++;
            }
            sent += frames;
        }
        return sent;
    }

    private int add() {
        ReduceRound round = group.newest();
        AllReduce all = reduce;
        if (round == null || all == null) {
            return 0;
        }
        int added = all.addStaged(round);
        announce(round);
        return added;
    }

    /** Wakes trainers when something is complete. It comes before a trainer goes on, since that may begin the next step at once. */
    void announce(ReduceRound round) {
        if (round.announce()) {
            group.notifyAll();
            if (round.isComplete()) {
                states.withdrawOffers(); // from now on weights change
            }
        }
    }

    /** Whether a node has been sent all that it needs of the step that this node has completed. */
    private boolean isServed(Peer peer) {
        ReduceRound round = group.newest();
        AllReduce all = reduce;
        return !graceful || peer.hasLeft() || round == null || all == null || all.isSent(round, peer.node);
    }

    /** The first step that this node takes no part in. */
    private long nextStep() {
        ReduceRound round = group.newest();
        if (round == null) {
            return Long.MIN_VALUE;
        }
        return graceful ? round.step + 1 : round.step;
    }

    @Override
    public boolean isDone(long now) {
        synchronized (group) {
            if (failure != null && readers == 0) {
                long patienceNs = peers.isAnyReady()
                        ? transport.settings().livenessTimeout().toNanos()
                        : LEAVE_UNHEARD_NS;
                if (peers.areTold(graceful) || now - endedNs > patienceNs) {
                    close();
                }
            }
            return closed;
        }
    }

    private void close() {
        closed = true;
        if (reduce != null) {
            reduce.close();
        }
        peers.close();
    }

    @Override
    public boolean onFrame(int stream, @Nullable Image image, FrameReader frame) {
        synchronized (group) {
            if (closed || frame.node() >= spec.nodeCount() || frame.node() == node) {
                (closed ? transport.counts().otherGeneration : transport.counts().corrupt).increment();
                return true;
            }
            Peer peer = peers.get(frame.node());
            if (stream == Transport.CONTROL) {
                return take(peer, stream, image, frame);
            }
            if (failure != null) {
                return true; // nothing can be added any more
            }
            ReduceRound round = group.newest();
            return reduce != null && round != null && peer.waitsBehind != round && take(peer, stream, image, frame);
        }
    }

    private boolean take(Peer peer, int stream, @Nullable Image image, FrameReader frame) {
        boolean taken = true;
        try {
            switch (peer.check(stream, image, frame)) {
                case DROP -> {
                    return true;
                }
                case BROKEN -> fail(peer.name() + ": a frame was lost or damaged");
                case TAKE -> {
                    if (stream == Transport.GRADIENTS) {
                        taken = onGradient(peer, frame);
                    } else {
                        onControl(peer, frame);
                    }
                }
            }
        } catch (ProtocolException e) {
            transport.counts().corrupt.increment();
            fail(peer.name() + ": " + e.getMessage());
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            transport.counts().corrupt.increment();
            fail(peer.name() + ": a frame is too short, or has a value that is none: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            failUnexpectedly(e);
        }
        if (taken) {
            peer.taken(stream);
        }
        return taken;
    }

    private boolean onGradient(Peer peer, FrameReader frame) {
        long step = AllReduce.step(frame);
        ReduceRound round = group.newest();
        if (round == null || step > round.step) {
            peer.waitsBehind = round; // it has completed the step that this node is still in
            return false;
        }
        if (step < round.step) {
            throw new ProtocolException("is at step " + step + ", this node at step " + round.step);
        }
        reduce().receive(round, peer.node, frame);
        return true;
    }

    private void onControl(Peer peer, FrameReader frame) {
        if (!peers.receive(peer, frame, group.newest())) {
            if (!states.receive(peer, frame)) {
                throw new ProtocolException("message " + frame.header().templateId() + " on the control stream");
            }
            group.notifyAll();
        }
    }
}
