package io.flm.exchange;

import io.flm.exchange.wire.MessageHeaderEncoder;
import io.flm.exchange.wire.StateBeginDecoder;
import io.flm.exchange.wire.StateBeginEncoder;
import io.flm.exchange.wire.StateChunkDecoder;
import io.flm.exchange.wire.StateChunkEncoder;
import io.flm.exchange.wire.StateEndDecoder;
import io.flm.exchange.wire.StateEndEncoder;
import io.flm.exchange.wire.StateRequestDecoder;
import io.flm.exchange.wire.StateRequestEncoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * States on their way between nodes: those that this one sends, and those that it receives. The donor reads and hashes a little
 * at a time, between the gradients. Guarded by the group's monitor.
 */
final class StateTransfer {
    private static final int CHUNK_BYTES = MessageHeaderEncoder.ENCODED_LENGTH
            + StateChunkEncoder.BLOCK_LENGTH
            + StateChunkEncoder.bytesHeaderLength();
    private static final int BURST = 8;

    private final LiveCounters counts;
    private final List<StateOffer> offers = new ArrayList<>();
    private final List<Sending> sendings = new ArrayList<>();
    private final List<Receiving> receivings = new ArrayList<>();
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final StateRequestEncoder request = new StateRequestEncoder();
    private final StateRequestDecoder requestIn = new StateRequestDecoder();
    private final StateBeginEncoder begin = new StateBeginEncoder();
    private final StateBeginDecoder beginIn = new StateBeginDecoder();
    private final StateChunkEncoder chunk = new StateChunkEncoder();
    private final StateChunkDecoder chunkIn = new StateChunkDecoder();
    private final StateEndEncoder end = new StateEndEncoder();
    private final StateEndDecoder endIn = new StateEndDecoder();

    /** A state that goes from a rank of this node to one elsewhere. */
    private static final class Sending {
        private final Peer to;
        private final int receiver;
        private final int donor;
        private long position;
        private boolean begun;

        private Sending(Peer to, int receiver, int donor, long position) {
            this.to = to;
            this.receiver = receiver;
            this.donor = donor;
            this.position = position;
        }
    }

    /** A state that comes to a rank of this node. */
    static final class Receiving {
        private final StateDownload download;
        private final int receiver;
        private final int donor;
        private final Peer from;
        private boolean asked;
        private @Nullable String failure;

        private final long resumedBytes;
        private final long begunNs = System.nanoTime();
        private long seenBytes;
        private long seenNs = begunNs;

        private Receiving(StateDownload download, int receiver, int donor, Peer from) {
            this.download = download;
            this.receiver = receiver;
            this.donor = donor;
            this.from = from;
            this.resumedBytes = download.receivedBytes();
            this.seenBytes = resumedBytes;
        }

        /** Why it cannot go on; null: it can. No byte for longer than {@code patience} is a reason. */
        @Nullable String problem(Duration patience) {
            long now = System.nanoTime();
            long received = download.receivedBytes();
            if (received > seenBytes) {
                seenBytes = received;
                seenNs = now;
            }
            if (failure == null && now - seenNs > patience.toNanos()) {
                return "rank " + donor + " sent nothing of its state for " + patience.toMillis()
                        + " ms (flm.exchange.join-timeout)";
            }
            return failure;
        }

        StateDownload.Progress progress() {
            long received = download.receivedBytes();
            double seconds = (System.nanoTime() - begunNs) / 1e9;
            return new StateDownload.Progress(
                    received, download.sizeBytes(), (received - resumedBytes) / seconds, donor);
        }
    }

    StateTransfer(LiveCounters counts) {
        this.counts = counts;
    }

    void offer(int rank, long step, StateSource source) {
        offers.add(new StateOffer(rank, step, source));
    }

    /** What a rank of this node offers, if any does. */
    @Nullable StateOffer anyOffer() {
        return offers.isEmpty() ? null : offers.get(0);
    }

    /** The first step is done: states change. */
    void withdrawOffers() {
        offers.clear();
        sendings.clear();
    }

    Receiving fetch(StateDownload download, int receiver, int donor, Peer from) {
        Receiving receiving = new Receiving(download, receiver, donor, from);
        receivings.add(receiving);
        return receiving;
    }

    void abandon(Receiving receiving) {
        receivings.remove(receiving);
    }

    /** Sends requests and bytes; the number of frames sent. */
    int work() {
        int work = 0;
        for (Receiving receiving : receivings) {
            if (!receiving.asked && receiving.from.ready) {
                receiving.asked = ask(receiving);
                work++;
            }
        }
        for (int index = sendings.size() - 1; index >= 0; index--) {
            Sending sending = sendings.get(index);
            StateOffer offer = offer(sending.donor);
            if (offer == null) {
                continue; // its trainer has not come to it yet
            }
            int sent = 0;
            while (sent < BURST && sendChunk(sending, offer)) {
                sent++;
            }
            work += sent;
            if (sending.begun && sending.position >= offer.source.sizeBytes()) {
                byte[] hash = offer.hashOn();
                work++;
                if (hash != null && sendEnd(sending, hash)) {
                    sendings.remove(index);
                }
            } else if (offer.hashedBytes() < sending.position) {
                offer.hashOn(); // keeps up with the sending, while the bytes are in the cache
            }
        }
        return work;
    }

    private @Nullable StateOffer offer(int rank) {
        for (StateOffer offer : offers) {
            if (offer.rank == rank) {
                return offer;
            }
        }
        return null;
    }

    private boolean ask(Receiving receiving) {
        FrameWriter out = receiving.from.control();
        if (!out.claim(MessageHeaderEncoder.ENCODED_LENGTH + StateRequestEncoder.BLOCK_LENGTH)) {
            return false;
        }
        request.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                .step(receiving.download.step())
                .position(receiving.download.receivedBytes())
                .receiver(receiving.receiver)
                .donor(receiving.donor);
        out.commit();
        return true;
    }

    private boolean sendChunk(Sending sending, StateOffer offer) {
        FrameWriter out = sending.to.control();
        long size = offer.source.sizeBytes();
        if (!sending.begun) {
            if (!out.claim(MessageHeaderEncoder.ENCODED_LENGTH + StateBeginEncoder.BLOCK_LENGTH)) {
                return false;
            }
            begin.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                    .step(offer.step)
                    .sizeBytes(size)
                    .receiver(sending.receiver);
            out.commit();
            sending.begun = true;
            return true;
        }
        int room = (out.maxBodyLength() - CHUNK_BYTES) / 64 * 64; // whole numbers, for sinks that copy them
        int count = (int) Math.min(room, size - sending.position);
        if (count <= 0 || !out.claim(CHUNK_BYTES + count)) {
            return false;
        }
        try {
            chunk.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                    .position(sending.position)
                    .receiver(sending.receiver);
            int at = chunk.limit();
            out.body().putInt(at, count, ByteOrder.LITTLE_ENDIAN);
            offer.source.read(sending.position, out.bytes(at + Integer.BYTES, count));
        } catch (RuntimeException | Error e) { // else all frames behind it would wait for this one
            out.abort();
            throw e;
        }
        out.commit();
        sending.position += count;
        counts.stateBytesSent.add(count);
        return true;
    }

    private boolean sendEnd(Sending sending, byte[] hash) {
        FrameWriter out = sending.to.control();
        if (!out.claim(MessageHeaderEncoder.ENCODED_LENGTH + StateEndEncoder.BLOCK_LENGTH)) {
            return false;
        }
        end.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                .receiver(sending.receiver)
                .putSha256(hash, 0, hash.length);
        out.commit();
        return true;
    }

    /** Takes a frame; false if it is about something else. */
    boolean receive(Peer peer, FrameReader frame) {
        switch (frame.header().templateId()) {
            case StateRequestDecoder.TEMPLATE_ID -> {
                requestIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
                sendings.add(new Sending(peer, requestIn.receiver(), requestIn.donor(), requestIn.position()));
            }
            case StateBeginDecoder.TEMPLATE_ID -> {
                beginIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
                receiveBegin(receiving(beginIn.receiver()));
            }
            case StateChunkDecoder.TEMPLATE_ID -> {
                chunkIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
                receiveChunk(receiving(chunkIn.receiver()), frame);
            }
            case StateEndDecoder.TEMPLATE_ID -> {
                endIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
                receiveEnd(receiving(endIn.receiver()));
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private @Nullable Receiving receiving(int receiver) {
        for (Receiving receiving : receivings) {
            if (receiving.receiver == receiver) {
                return receiving;
            }
        }
        return null; // its trainer gave up
    }

    private void receiveBegin(@Nullable Receiving receiving) {
        if (receiving == null) {
            return;
        }
        if (beginIn.step() != receiving.download.step()) {
            receiving.failure = "rank " + receiving.donor + " offers the state of step " + beginIn.step()
                    + ", not that of step " + receiving.download.step();
            return;
        }
        try {
            receiving.download.begin(beginIn.sizeBytes());
        } catch (RuntimeException e) {
            receiving.failure = "the state of rank " + receiving.donor + " was refused: " + e.getMessage();
        }
    }

    private void receiveChunk(@Nullable Receiving receiving, FrameReader frame) {
        int at = chunkIn.limit();
        int count = frame.body().getInt(at, ByteOrder.LITTLE_ENDIAN);
        ByteBuffer bytes = frame.bytes(at + Integer.BYTES, count);
        if (receiving == null || receiving.failure != null) {
            return;
        }
        if (bytes == null || chunkIn.position() != receiving.download.receivedBytes()) {
            receiving.failure = "rank " + receiving.donor + " sent bytes of the state that were not due";
            return;
        }
        counts.stateBytesReceived.add(count);
        try {
            receiving.download.write(bytes);
        } catch (RuntimeException e) {
            receiving.failure = "the state of rank " + receiving.donor + " was refused: " + e.getMessage();
        }
    }

    private void receiveEnd(@Nullable Receiving receiving) {
        if (receiving == null || receiving.failure != null) {
            return;
        }
        byte[] hash = new byte[StateEndDecoder.sha256Length()];
        endIn.getSha256(hash, 0, hash.length);
        if (!receiving.download.end(hash)) {
            receiving.failure = "the state of rank " + receiving.donor + " does not have its SHA-256";
        }
    }
}
