package io.flm.exchange;

import io.aeron.Image;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a {@link WireMeeting} knows of another node. */
final class Peer {
    final int node;
    private final Deal deal;
    private final int self;
    private final Counts counts;
    private final Incoming gradientsIn = new Incoming();
    private final Incoming controlIn = new Incoming();

    Wire.@Nullable Link link;
    private @Nullable FrameWriter gradientsOut;
    private @Nullable FrameWriter controlOut;

    /** The node has answered at least once; silence means loss from then on. */
    boolean connected;

    /** It has said Hello: it is in this generation. */
    boolean ready;

    /** Bytes of values that it can take in a frame. */
    int chunkBytes = Integer.MAX_VALUE;

    boolean helloOwed = true;
    long helloSentNs;

    /** The round that this node must end before the other's next frame can be taken. */
    @Nullable WireRound waitsBehind;

    boolean lost;
    boolean leaveSent;

    /** The first step that it takes no part in, once it has left. */
    long leftBefore = Long.MAX_VALUE;

    String leaveReason = "";
    Set<Integer> leaveLost = Set.of();

    /** One stream from the node: its frames come with a sequence without gaps. */
    private static final class Incoming {
        private @Nullable Image image;
        private @Nullable Seal seal;
        private long next = -1;

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

    Peer(int node, Deal deal, int self, Counts counts) {
        this.node = node;
        this.deal = deal;
        this.self = self;
        this.counts = counts;
    }

    void use(Wire.Link to) {
        link = to;
        gradientsOut = new FrameWriter(to.gradients, deal.generation(), self, sealTo(to, Wire.GRADIENTS), counts);
        controlOut = new FrameWriter(to.control, deal.generation(), self, sealTo(to, Wire.CONTROL), counts);
    }

    private @Nullable Seal sealTo(Wire.Link to, int stream) {
        int session = (stream == Wire.GRADIENTS ? to.gradients : to.control).sessionId();
        return deal.encrypted() ? new Seal(deal, self, node, stream, session) : null;
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

    /** Opens a frame that names this node as its sender, and checks that it is the next of its stream. */
    Verdict check(int stream, Image image, FrameReader frame) {
        Incoming in = stream == Wire.GRADIENTS ? gradientsIn : controlIn;
        boolean known = in.image == image;
        Seal seal = known ? in.seal : sealFrom(image, stream);
        switch (frame.open(seal)) {
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
        if (!known && in.image != null) {
            counts.duplicate.increment(); // the node has one stream of each kind; another is none of its own
            return Verdict.DROP;
        }
        if (in.image == null) {
            in.image = image;
            in.seal = seal;
            // What the node said before this one joined was not for it; gradients begin when all have joined.
            in.next = stream == Wire.GRADIENTS ? 0 : frame.sequence();
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
        (stream == Wire.GRADIENTS ? gradientsIn : controlIn).next++;
    }

    private @Nullable Seal sealFrom(Image image, int stream) {
        return deal.encrypted() ? new Seal(deal, node, self, stream, image.sessionId()) : null;
    }

    String name() {
        return "node " + node + " (" + deal.endpoints().get(node) + ", " + deal.ranks(node) + ")";
    }
}
