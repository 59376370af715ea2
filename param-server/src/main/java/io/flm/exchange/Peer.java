package io.flm.exchange;

import io.aeron.Image;
import io.flm.exchange.wire.RingAnswer;
import java.util.Set;
import org.agrona.CloseHelper;
import org.agrona.concurrent.ControlledMessageHandler;
import org.jspecify.annotations.Nullable;

/** What a process group knows of another node, and its frames to and from it. */
final class Peer {
    private static final int RING_SESSION = 0; // there is one ring for each direction in a generation

    final int node;
    private final GroupSpec spec;
    private final int self;
    private final LiveCounters counts;
    private final Incoming gradientsIn = new Incoming();
    private final Incoming controlIn = new Incoming();

    Links.@Nullable Link link;
    private @Nullable FrameWriter gradientsOut;
    private @Nullable SharedRing ringOut; // offered, or in use
    private @Nullable SharedRing ringIn;
    private @Nullable FrameWriter controlOut;

    /** The node has answered at least once; silence means loss from then on. */
    boolean connected;

    /** It has said Hello, and what it makes of this node's ring: it is in this generation. */
    boolean ready;

    /** What this node makes of the ring that the other offers. */
    private RingAnswer ringAnswer = RingAnswer.UNHEARD;

    /** Bytes of values in a frame from this node, and in one from the other, by Aeron's stream: a ring takes longer ones. */
    int chunkBytesOut;

    int chunkBytesIn;

    boolean helloOwed = true;
    long helloSentNs;

    /** The round that this node must end before the other's next frame can be taken. */
    @Nullable ReduceRound waitsBehind;

    boolean lost;
    boolean leaveSent;

    /** The first step that it takes no part in, once it has left. */
    long leftBefore = Long.MAX_VALUE;

    String leaveReason = "";
    Set<Integer> leaveLost = Set.of();

    /** One stream from the node: its frames come with a sequence without gaps. */
    private static final class Incoming {
        private boolean begun;
        private @Nullable Image image; // null: the shared ring
        private @Nullable FrameCipher cipher;
        private long next = -1;

        private void begin(@Nullable Image from, @Nullable FrameCipher its, long sequence) {
            begun = true;
            image = from;
            cipher = its;
            next = sequence;
        }

        private boolean isClosed() {
            return image != null && image.isClosed();
        }
    }

    /** What to do with a frame. */
    enum Verdict {
        TAKE,
        DROP,
        /** A frame of this node is missing for good. */
        BROKEN
    }

    Peer(int node, GroupSpec spec, int self, LiveCounters counts) {
        this.node = node;
        this.spec = spec;
        this.self = self;
        this.counts = counts;
    }

    /** Opens both streams; the gradients go by {@code ring} instead once the other has it. */
    void use(Links.Link to, @Nullable SharedRing ring) {
        link = to;
        ringOut = ring;
        FrameWriter gradients = writer(
                new PublicationOutput(to.gradients()),
                Transport.GRADIENTS,
                to.gradients().sessionId());
        gradientsOut = gradients;
        chunkBytesOut = gradients.maxBodyLength() - AllReduce.OVERHEAD_BYTES;
        controlOut = writer(
                new PublicationOutput(to.control()),
                Transport.CONTROL,
                to.control().sessionId());
    }

    private FrameWriter writer(FrameOutput output, int stream, int session) {
        FrameCipher cipher =
                spec.encrypted() ? new FrameCipher(spec.key(), spec.generation(), self, node, stream, session) : null;
        return new FrameWriter(output, spec.generation(), self, cipher, counts);
    }

    /** The ring that this node has made for the other, as a Hello names it. */
    String ringOffer() {
        return ringOut == null ? "" : ringOut.name();
    }

    RingAnswer ringAnswer() {
        return ringAnswer;
    }

    /** Takes the ring that the other offers; null: it offers none, or none that can be opened here. */
    void takeRing(@Nullable SharedRing offered) {
        ringIn = offered;
        ringAnswer = offered == null ? RingAnswer.NOT_TAKEN : RingAnswer.TAKEN;
        if (offered != null) {
            gradientsIn.begin(null, cipherFrom(null, Transport.GRADIENTS), 0);
        }
    }

    /** Learns whether the other reads this node's ring. */
    void hear(RingAnswer ofOther) {
        ready = ofOther != RingAnswer.UNHEARD;
        if (ofOther == RingAnswer.TAKEN && ringOut != null) {
            gradientsOut = writer(ringOut, Transport.GRADIENTS, RING_SESSION);
        } else if (ofOther == RingAnswer.NOT_TAKEN && ringOut != null) {
            ringOut.close();
            ringOut = null;
        }
    }

    int readRing(ControlledMessageHandler handler, int limit) {
        return ringIn == null ? 0 : ringIn.read(handler, limit);
    }

    /** Gives shared memory back; the other may still read what was written. */
    void close() {
        CloseHelper.closeAll(ringOut, ringIn);
        ringOut = null;
        ringIn = null;
    }

    FrameWriter gradients() {
        return present(gradientsOut);
    }

    FrameWriter control() {
        return present(controlOut);
    }

    private static <T> T present(@Nullable T writer) {
        if (writer == null) {
            throw new IllegalStateException("no streams yet");
        }
        return writer;
    }

    boolean hasLeft() {
        return leftBefore != Long.MAX_VALUE;
    }

    boolean isSilent() {
        return link == null || !link.isConnected() || gradientsIn.isClosed() || controlIn.isClosed();
    }

    /**
     * Opens a frame that names this node as its sender, and checks that it is the next of its stream.
     *
     * @param image what it came by; null: the shared ring
     */
    Verdict check(int stream, @Nullable Image image, FrameReader frame) {
        Incoming in = stream == Transport.GRADIENTS ? gradientsIn : controlIn;
        boolean known = in.begun && in.image == image;
        FrameCipher cipher = known ? in.cipher : cipherFrom(image, stream);
        switch (frame.open(cipher, image != null)) {
            case CORRUPT -> {
                counts.corrupt.increment();
                return known ? Verdict.BROKEN : Verdict.DROP;
            }
            case UNAUTHENTICATED -> {
                counts.unauthenticated.increment();
                return known ? Verdict.BROKEN : Verdict.DROP;
            }
            case WHOLE -> {}
        }
        if (!known && in.begun) {
            counts.duplicate.increment(); // the node has one stream of each kind; another is none of its own
            return Verdict.DROP;
        }
        if (!in.begun) {
            // What the node said before this one joined was not for it; gradients begin when all have joined.
            in.begin(image, cipher, stream == Transport.GRADIENTS ? 0 : frame.sequence());
        }
        if (frame.sequence() < in.next) {
            counts.duplicate.increment();
            return Verdict.DROP;
        }
        if (frame.sequence() > in.next) {
            counts.corrupt.increment();
            return Verdict.BROKEN;
        }
        return Verdict.TAKE;
    }

    /** The frame was taken; the next one is due. */
    void taken(int stream) {
        (stream == Transport.GRADIENTS ? gradientsIn : controlIn).next++;
    }

    private @Nullable FrameCipher cipherFrom(@Nullable Image image, int stream) {
        int session = image == null ? RING_SESSION : image.sessionId();
        return spec.encrypted() ? new FrameCipher(spec.key(), spec.generation(), node, self, stream, session) : null;
    }

    String name() {
        return spec.names().get(node) + " (" + spec.endpoint(node) + ", " + spec.rankNames(node) + ")";
    }
}
