package io.flm.exchange;

import io.aeron.ErrorCode;
import io.aeron.Image;
import io.aeron.exceptions.RegistrationException;
import io.aeron.exceptions.StorageSpaceException;
import io.flm.exchange.wire.HelloDecoder;
import io.flm.exchange.wire.LeaveDecoder;
import io.flm.exchange.wire.RingAnswer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A group of members on several nodes. This node's workers meet here in memory; {@link Transport}'s thread, or a trainer that
 * helps it, sends what they contribute, adds this node's shard and receives the rest. One monitor guards all of it: work is
 * done in short slices, and who fails the group waits for the end of the slice. So nobody reads a contribution after an
 * exception has reached its owner.
 *
 * <p>States: joining (until every other's Hello has come), open, ended (somebody left or was lost). A node may be a step ahead
 * of another: it has all sums of a step while its own are still on their way to a slow one. So there may be two rounds, the
 * older one complete.
 */
final class MultiNodeGroup implements ProcessGroup {
    private static final long HELLO_INTERVAL_NS = 20_000_000;
    private static final long PROGRESS_INTERVAL_MS = 200;

    /** How long others are told of the end of a generation in which none of them was met. */
    private static final long LEAVE_UNHEARD_NS = 200_000_000;

    /** Frames sent to a node, and taken from its ring, before others have their turn. */
    private static final int BURST = 8;

    private static final Logger LOG = LoggerFactory.getLogger(MultiNodeGroup.class);

    private final GroupSpec spec;
    private final int node;
    private final Transport transport;
    private final int firstRank;
    private final int localRanks;
    private final BitSet present = new BitSet();
    private final List<Peer> peers = new ArrayList<>();
    private final StateTransfer states;
    private final long begunNs = System.nanoTime();

    private @Nullable AllReduce reduce; // once all have said hello
    private @Nullable ReduceRound older;
    private @Nullable ReduceRound newest;
    private int copying; // trainers that read sums which were kept aside

    private @Nullable String failure;
    private final Set<Integer> lost = new TreeSet<>();
    private boolean graceful; // ended after a complete step: others still get all that they need of it
    private long endedNs;
    private boolean closed;

    private final GroupFrames frames = new GroupFrames();

    MultiNodeGroup(GroupSpec spec, int node, Transport transport) {
        this.spec = spec;
        this.node = node;
        this.transport = transport;
        int first = -1;
        int count = 0;
        for (int rank = 0; rank < spec.worldSize(); rank++) {
            if (spec.ranks().get(rank).node() == node) {
                first = first < 0 ? rank : first;
                count++;
            }
        }
        this.firstRank = first;
        this.localRanks = count;
        for (int each = 0; each < spec.nodeCount(); each++) {
            if (each != node) {
                peers.add(new Peer(each, spec, node, transport.counts()));
            }
        }
        this.states = new StateTransfer(transport.counts());
    }

    // What trainer threads call.

    @Override
    public GroupSpec spec() {
        return spec;
    }

    @Override
    public synchronized void join(int rank) {
        if (present.get(rank)) {
            throw new IllegalStateException("rank " + rank + " joins generation " + spec.generation() + " twice");
        }
        present.set(rank);
    }

    @Override
    public synchronized void offer(int rank, long step, StateSource source) throws ExchangeException {
        requireRunning(rank);
        states.offer(rank, step, source);
        notifyAll();
        transport.wake();
    }

    @Override
    public void fetch(int rank, StateDownload download, Consumer<StateDownload.Progress> progress)
            throws ExchangeException {
        List<Integer> holders = spec.holders();
        if (holders.isEmpty()) {
            throw new ExchangeException("rank " + rank + ": nobody holds the state of step " + download.step());
        }
        for (int holder : holders) {
            if (spec.ranks().get(holder).node() == node) {
                fetchHere(rank, download, progress);
                return;
            }
        }
        int donor = holders.get(rank % holders.size()); // receivers spread over donors
        StateTransfer.Receiving receiving;
        synchronized (this) {
            requireRunning(rank);
            receiving = states.fetch(
                    download, rank, donor, peer(spec.ranks().get(donor).node()));
        }
        transport.wake();
        try {
            follow(rank, receiving, progress);
        } finally {
            synchronized (this) {
                states.abandon(receiving);
            }
        }
    }

    private void fetchHere(int rank, StateDownload download, Consumer<StateDownload.Progress> progress)
            throws ExchangeException {
        StateTransfer.Offer offer;
        synchronized (this) {
            await(rank, () -> states.anyOffer() != null);
            offer = states.anyOffer();
        }
        if (offer != null) {
            StateSource source = offer.source;
            StateCopy.Reading reading = (offset, into) -> {
                synchronized (this) {
                    requireRunning(rank);
                    source.read(offset, into);
                }
            };
            StateCopy.copy(offer.step, source.sizeBytes(), reading, offer.rank, download, progress);
        }
    }

    /** Waits for a state to arrive, and tells how it goes. */
    private void follow(int rank, StateTransfer.Receiving receiving, Consumer<StateDownload.Progress> progress)
            throws ExchangeException {
        StateDownload download = receiving.download;
        long resumed = download.receivedBytes();
        long begin = System.nanoTime();
        long seen = resumed;
        long seenNs = begin;
        while (!download.isComplete()) {
            synchronized (this) {
                if (receiving.failure != null) {
                    throw new ExchangeException(prefix(rank) + receiving.failure);
                }
                requireRunning(rank);
                try {
                    wait(PROGRESS_INTERVAL_MS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    fail("a trainer thread was interrupted");
                }
                requireTransport();
            }
            long now = System.nanoTime();
            long received = download.receivedBytes();
            if (received > seen) {
                seen = received;
                seenNs = now;
            } else if (now - seenNs > transport.settings().joinTimeout().toNanos()) {
                throw new ExchangeException(prefix(rank) + "rank " + receiving.donor + " sent nothing of its state for "
                        + transport.settings().joinTimeout().toMillis() + " ms (flm.exchange.join-timeout)");
            }
            progress.accept(new StateDownload.Progress(
                    received, download.sizeBytes(), (received - resumed) / ((now - begin) / 1e9), receiving.donor));
        }
    }

    @Override
    public synchronized Round begin(int rank, long step) throws ExchangeException {
        await(rank, () -> reduce != null);
        requireRunning(rank);
        ReduceRound round = newest;
        if (round == null || (round.step != step && round.begun.cardinality() == localRanks)) {
            if (round != null && round.step > step) {
                throw new IllegalStateException("rank " + rank + ": step " + step + " begun after step " + round.step);
            }
            if (round != null && !round.isComplete()) {
                throw new IllegalStateException(
                        "rank " + rank + ": step " + step + " begun before step " + round.step + " is complete");
            }
            older = round;
            round = new ReduceRound(step, spec, localRanks);
            newest = round;
            failWithLeavers();
            requireRunning(rank);
        }
        if (round.step != step || round.begun.get(rank)) {
            throw new IllegalStateException(
                    "rank " + rank + ": step " + step + " begun, while the members are at step " + round.step);
        }
        round.begun.set(rank);
        return round;
    }

    @Override
    public synchronized void contribute(Round of, int segment, int rank, List<Partial> partials)
            throws ExchangeException {
        requireRunning(rank);
        ReduceRound round = (ReduceRound) of;
        reduce().contribute(round, segment, rank, partials);
        transport.wake();
    }

    @Override
    public synchronized void contribute(Round of, int rank, List<LaneTotals> lanes, boolean stop)
            throws ExchangeException {
        requireRunning(rank);
        ReduceRound round = (ReduceRound) of;
        for (LaneTotals lane : lanes) {
            round.totals[lane.lane()] = lane;
            round.totalsMissing--;
        }
        round.stop |= stop;
        round.localStop |= stop;
        if (--round.localTotalsMissing == 0) {
            transport.wake();
        }
        if (round.totalsMissing == 0) {
            notifyAll();
        }
    }

    @Override
    public void await(Round of, int segment, int rank, FloatBuffer sum) throws ExchangeException {
        ReduceRound round = (ReduceRound) of;
        ReduceRound.Slot slot;
        StagingBuffer results;
        synchronized (this) {
            slot = round.slots[segment];
            if (slot == null || sum.limit() != slot.size) {
                throw new IllegalArgumentException("segment " + segment + " has " + (slot == null ? 0 : slot.size)
                        + " floats, its sum has room for " + sum.limit());
            }
            if (localRanks == 1) {
                slot.target = sum;
            }
        }
        help(round, slot::isComplete);
        synchronized (this) {
            await(rank, slot::isComplete);
            wakeCompleted(round);
            if (closed) {
                throw new ExchangeException(prefix(rank) + failure, lost);
            }
            results = reduce().results(slot);
            copying++;
        }
        try {
            for (int[] range : slot.aside) {
                results.each(range[0], range[1], (block, offset, from, count) -> sum.put(from, block, offset, count));
            }
        } finally {
            synchronized (this) {
                copying--;
            }
        }
    }

    @Override
    public StepTotals awaitTotals(Round of, int rank) throws ExchangeException {
        ReduceRound round = (ReduceRound) of;
        help(round, round::hasTotals);
        synchronized (this) {
            await(rank, round::hasTotals);
            wakeCompleted(round);
            List<LaneTotals> lanes = new ArrayList<>();
            for (LaneTotals lane : round.totals) {
                if (lane != null) {
                    lanes.add(lane);
                }
            }
            return StepTotals.of(lanes, round.stop);
        }
    }

    /** Does the transport's work while a sum is waited for, once no worker of this node computes any more. */
    private void help(ReduceRound round, BooleanSupplier ready) {
        synchronized (this) {
            if (round.localTotalsMissing > 0) {
                return;
            }
        }
        transport.help(() -> {
            synchronized (this) {
                return failure != null || ready.getAsBoolean();
            }
        });
    }

    @Override
    public synchronized void leave(int rank) {
        fail("rank " + rank + " left generation " + spec.generation());
    }

    @Override
    public synchronized void fail(String reason) {
        if (failure == null) {
            ReduceRound round = newest;
            graceful = round != null && round.isComplete();
            failure = reason;
            endedNs = System.nanoTime();
            notifyAll();
            transport.wake();
        }
    }

    /** Fails since this very node cannot go on, not another one. */
    synchronized void failHere(String reason) {
        if (failure == null) {
            lost.add(node);
        }
        fail(reason);
    }

    private AllReduce reduce() {
        AllReduce all = reduce;
        if (all == null) {
            throw new IllegalStateException("a step before all have joined");
        }
        return all;
    }

    /** Waits; what is complete is given even after a failure, so that who can commit a step does. */
    private void await(int rank, BooleanSupplier ready) throws ExchangeException {
        while (!ready.getAsBoolean()) {
            requireRunning(rank);
            try {
                wait(transport.settings().livenessTimeout().toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                fail("a trainer thread was interrupted");
            }
            requireTransport();
        }
    }

    private void requireTransport() {
        if (!transport.isRunning()) {
            failHere(transport.whyEnded());
        }
    }

    private void requireRunning(int rank) throws ExchangeException {
        if (failure != null) {
            throw new ExchangeException(prefix(rank) + failure, lost);
        }
    }

    private String prefix(int rank) {
        return "rank " + rank + ", generation " + spec.generation() + (newest == null ? "" : ", step " + newest.step)
                + ": ";
    }

    private Peer peer(int of) {
        return peers.get(of < node ? of : of - 1);
    }

    // What the transport's thread calls.

    /** One slice: looks after the others, sends, adds. Returns how much there was to do. */
    synchronized int work(long now) {
        if (closed) {
            return 0;
        }
        int work = 0;
        try {
            if (failure == null) {
                lookAfter(now);
            }
            if (failure == null) {
                work += states.work() + open();
            }
            if (failure == null || graceful) {
                work += sendRounds();
            }
            if (failure == null) {
                work += addAndNotify();
            }
            for (Peer peer : peers) {
                work += peer.readRing(transport.ringHandler(), BURST);
            }
        } catch (AllReduce.ProtocolException | IllegalArgumentException | IllegalStateException e) {
            if (transport.requireAlive()) { // else it comes of that
                fail(String.valueOf(e.getMessage()));
            }
        } catch (RuntimeException
                | Error e) { // a state that cannot be read, no memory: not the other generations' fault
            failUnexpectedly(e);
        }
        if (failure != null) {
            work += sendLeaves();
        }
        return work;
    }

    private void failUnexpectedly(Throwable e) {
        LOG.error("generation {}", spec.generation(), e);
        failHere("this node's exchange failed in generation " + spec.generation() + ": " + e);
    }

    private int nearPeers() {
        return (int) peers.stream()
                .filter(peer -> transport.isNear(spec.endpoint(peer.node)))
                .count();
    }

    /** Connects, says hello, and notices who is silent. */
    private void lookAfter(long now) {
        for (Peer peer : peers) {
            if (peer.link == null) {
                connect(peer);
            }
        }
        for (Peer peer : peers) {
            if (peer.hasLeft()) {
                if (peer.isSilent() && newest != null && !newest.isComplete()) {
                    lose(
                            peer,
                            "left, and its last sums did not come within",
                            transport.settings().livenessTimeout(),
                            "liveness-timeout");
                }
                continue;
            }
            long waitedMs = (now - begunNs) / 1_000_000;
            boolean silent = peer.isSilent();
            peer.connected |= !silent;
            if (silent && peer.connected) {
                lose(peer, "silent for more than", transport.settings().livenessTimeout(), "liveness-timeout");
            } else if (silent
                    && waitedMs > transport.settings().connectTimeout().toMillis()) {
                lose(peer, "did not answer within", transport.settings().connectTimeout(), "connect-timeout");
            } else if (!peer.ready
                    && waitedMs > transport.settings().joinTimeout().toMillis()) {
                fail(peer.name() + " answers, but did not join within "
                        + transport.settings().joinTimeout().toMillis() + " ms (flm.exchange.join-timeout)");
            }
            if (!silent && (peer.helloOwed || (!peer.ready && now - peer.helloSentNs > HELLO_INTERVAL_NS))) {
                peer.helloOwed = !frames.sendHello(peer, spec);
                peer.helloSentNs = now;
            }
        }
        failWithLeavers();
    }

    private void connect(Peer peer) {
        Endpoint endpoint = spec.endpoint(peer.node);
        try {
            peer.use(transport.link(endpoint), transport.isNear(endpoint) ? transport.ring(nearPeers()) : null);
        } catch (StorageSpaceException e) {
            transport.giveUp("no stream to " + peer.name() + " can be opened: " + Transport.firstLine(e));
        } catch (RegistrationException e) {
            if (e.errorCode() == ErrorCode.UNKNOWN_HOST || e.errorCode() == ErrorCode.INVALID_CHANNEL) {
                peer.lost = true;
                lost.add(peer.node);
                fail(peer.name() + " cannot be reached: " + Transport.firstLine(e));
            } else { // it has no room, or its folder is gone: the next stream would fail likewise
                transport.giveUp("no stream to " + peer.name() + " can be opened: " + Transport.firstLine(e));
            }
        }
    }

    private void lose(Peer peer, String what, Duration timeout, String setting) {
        if (!transport.requireAlive()) {
            return; // it is this node that is silent
        }
        long stoodStillMs = transport.stoodStillMs();
        if (stoodStillMs > 0) {
            fail("this process stood still for " + stoodStillMs + " ms: the others may have gone on without it");
            return;
        }
        peer.lost = true;
        lost.add(peer.node);
        transport.counts().lostPeers.increment();
        if (peer.link != null) {
            transport.unlink(peer.link);
        }
        fail(peer.name() + " " + what + " " + timeout.toMillis() + " ms (flm.exchange." + setting + ")");
    }

    /** Fails where somebody has left without whom this node's step cannot be done. */
    private void failWithLeavers() {
        ReduceRound round = newest;
        for (Peer peer : peers) {
            if (peer.hasLeft() && (round == null || (round.step >= peer.leftBefore && !round.isComplete()))) {
                lost.addAll(peer.leaveLost);
                fail(peer.name() + " left: " + peer.leaveReason);
            }
        }
    }

    private int open() {
        if (reduce != null) {
            return 0;
        }
        int chunkBytes = Integer.MAX_VALUE;
        for (Peer peer : peers) {
            if (!peer.ready || peer.helloOwed) {
                return 0;
            }
            chunkBytes = Math.min(chunkBytes, Math.min(peer.chunkBytesIn, peer.chunkBytesOut));
        }
        reduce = new AllReduce(spec, node, firstRank, localRanks, chunkBytes);
        notifyAll();
        return 1;
    }

    private int sendRounds() {
        AllReduce all = reduce;
        if (all == null) {
            return 0;
        }
        int sent = 0;
        for (Peer peer : peers) {
            for (int frames = 0; frames < BURST && !peer.lost && !peer.hasLeft(); frames++) {
                if ((older == null || !all.send(older, peer)) && (newest == null || !all.send(newest, peer))) {
                    break;
                }
                sent++;
            }
        }
        return sent;
    }

    private int addAndNotify() {
        ReduceRound round = newest;
        AllReduce all = reduce;
        if (round == null || all == null) {
            return 0;
        }
        int added = all.addStaged(round);
        wakeCompleted(round);
        return added;
    }

    /** Whoever notices first that something is complete says so, before a trainer goes on: the next step may begin at once. */
    private void wakeCompleted(ReduceRound round) {
        boolean news = round.announceTotals();
        for (ReduceRound.Slot slot : round.contributed) {
            news |= slot.announce();
        }
        if (news) {
            notifyAll();
            if (round.isComplete()) {
                states.withdrawOffers(); // from now on weights change
            }
        }
    }

    private int sendLeaves() {
        int sent = 0;
        for (Peer peer : peers) {
            if (!peer.leaveSent
                    && !peer.lost
                    && !peer.isSilent()
                    && isServed(peer)
                    && frames.sendLeave(peer, nextStep(), lost, String.valueOf(failure))) {
                peer.leaveSent = true;
                sent++;
            }
        }
        return sent;
    }

    /** Whether a node has been sent all that it needs of the step that this node has completed. */
    private boolean isServed(Peer peer) {
        AllReduce all = reduce;
        return !graceful
                || peer.hasLeft()
                || all == null
                || ((older == null || all.isSent(older, peer)) && (newest == null || all.isSent(newest, peer)));
    }

    /** The first step that this node takes no part in. */
    private long nextStep() {
        ReduceRound round = newest;
        if (round == null) {
            return Long.MIN_VALUE;
        }
        return graceful ? round.step + 1 : round.step;
    }

    /** Whether the transport may forget this group: it has ended, and the others know and have what they need. */
    synchronized boolean isDone(long now) {
        if (failure == null || copying > 0) {
            return closed;
        }
        boolean told = true;
        for (Peer peer : peers) {
            told &= peer.lost || (peer.leaveSent && (!graceful || peer.hasLeft()));
        }
        boolean heard = peers.stream().anyMatch(peer -> peer.ready);
        long patienceNs = heard ? transport.settings().livenessTimeout().toNanos() : LEAVE_UNHEARD_NS;
        if (told || now - endedNs > patienceNs) {
            closed = true;
            if (reduce != null) {
                reduce.close();
            }
            peers.forEach(Peer::close);
        }
        return closed;
    }

    /**
     * Takes a frame of this generation; false: it has to wait, and all behind it.
     *
     * @param image what it came by; null: the shared ring
     */
    synchronized boolean onFrame(int stream, @Nullable Image image, FrameReader frame) {
        if (closed || frame.node() >= spec.nodeCount() || frame.node() == node) {
            (closed ? transport.counts().otherGeneration : transport.counts().corrupt).increment();
            return true;
        }
        Peer peer = peer(frame.node());
        if (stream == Transport.GRADIENTS && failure != null) {
            return true; // nothing can be added any more
        }
        if (stream == Transport.GRADIENTS && (reduce == null || newest == null || peer.waitsBehind == newest)) {
            return false;
        }
        boolean taken = true;
        try {
            switch (peer.check(stream, image, frame)) {
                case DROP -> {
                    return true;
                }
                case BROKEN -> fail(peer.name() + ": a frame was lost or damaged");
                case TAKE -> taken = stream == Transport.GRADIENTS ? onGradient(peer, frame) : onControl(peer, frame);
            }
        } catch (AllReduce.ProtocolException e) {
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
        ReduceRound round = newest;
        if (round == null || step > round.step) {
            peer.waitsBehind = round; // it has completed the step that this node is still in
            return false;
        }
        if (step < round.step) {
            throw new AllReduce.ProtocolException("is at step " + step + ", this node at step " + round.step);
        }
        reduce().receive(round, peer, frame);
        return true;
    }

    private boolean onControl(Peer peer, FrameReader frame) {
        switch (frame.header().templateId()) {
            case HelloDecoder.TEMPLATE_ID -> onHello(peer, frames.hello(frame));
            case LeaveDecoder.TEMPLATE_ID -> onLeave(peer, frames.leave(frame));
            default -> {
                if (!states.receive(peer, frame)) {
                    throw new AllReduce.ProtocolException(
                            "message " + frame.header().templateId() + " on the control stream");
                }
                notifyAll();
            }
        }
        return true;
    }

    private void onHello(Peer peer, GroupFrames.Hello hello) {
        if (hello.spec() != spec.fingerprint()) {
            fail(peer.name() + " was told another group for generation " + spec.generation());
        } else if (!peer.ready) {
            peer.chunkBytesIn = hello.chunkBytes();
            if (peer.ringAnswer() == RingAnswer.UNHEARD) {
                peer.takeRing(transport.openRing(hello.ring()));
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
        failWithLeavers();
    }
}
