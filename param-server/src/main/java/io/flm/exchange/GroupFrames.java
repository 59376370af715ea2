package io.flm.exchange;

import io.flm.exchange.wire.HelloDecoder;
import io.flm.exchange.wire.HelloEncoder;
import io.flm.exchange.wire.LeaveDecoder;
import io.flm.exchange.wire.LeaveEncoder;
import io.flm.exchange.wire.MessageHeaderEncoder;
import io.flm.exchange.wire.RingAnswer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The frames by which the members of a generation come and go; of one thread at a time. */
final class GroupFrames {
    private static final int LONGEST_REASON = 256;

    private final HelloEncoder helloOut = new HelloEncoder();
    private final HelloDecoder helloIn = new HelloDecoder();
    private final LeaveEncoder leaveOut = new LeaveEncoder();
    private final LeaveDecoder leaveIn = new LeaveDecoder();
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();

    /**
     * A node is there.
     *
     * @param spec the fingerprint of what it was told of the generation
     * @param chunkBytes of values in a frame from it
     * @param ringAnswer what it makes of the other's ring
     * @param ring of shared memory that it offers; empty: none
     */
    record Hello(int spec, int chunkBytes, RingAnswer ringAnswer, String ring) {}

    /**
     * A node goes.
     *
     * @param nextStep the first step that it takes no part in
     * @param lost nodes that it has lost before, as it says
     */
    record Leave(long nextStep, List<Integer> lost, String reason) {}

    /** Says hello; false: there is no room for it now. */
    boolean sendHello(Peer peer, GroupSpec spec) {
        FrameWriter out = peer.control();
        byte[] ring = peer.ringOffer().getBytes(StandardCharsets.UTF_8);
        if (!out.claim(MessageHeaderEncoder.ENCODED_LENGTH
                + HelloEncoder.BLOCK_LENGTH
                + HelloEncoder.ringHeaderLength()
                + ring.length)) {
            return false;
        }
        helloOut.wrapAndApplyHeader(out.body(), out.bodyOffset(), header)
                .spec(spec.fingerprint())
                .chunkBytes(peer.chunkBytesOut)
                .ringAnswer(peer.ringAnswer())
                .putRing(ring, 0, ring.length);
        out.commit();
        return true;
    }

    /** The Hello in a frame; null: it holds another message. */
    @Nullable Hello hello(FrameReader frame) {
        if (frame.header().templateId() != HelloDecoder.TEMPLATE_ID) {
            return null;
        }
        helloIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
        return new Hello(helloIn.spec(), helloIn.chunkBytes(), helloIn.ringAnswer(), helloIn.ring());
    }

    /** Says that this node goes; false: there is no room for it now. */
    boolean sendLeave(Peer peer, long nextStep, Collection<Integer> lost, String why) {
        byte[] reason = why.getBytes(StandardCharsets.UTF_8);
        int reasonLength = Math.min(LONGEST_REASON, reason.length);
        FrameWriter out = peer.control();
        if (!out.claim(MessageHeaderEncoder.ENCODED_LENGTH
                + LeaveEncoder.BLOCK_LENGTH
                + LeaveEncoder.LostEncoder.sbeHeaderSize()
                + lost.size() * LeaveEncoder.LostEncoder.sbeBlockLength()
                + LeaveEncoder.reasonHeaderLength()
                + reasonLength)) {
            return false;
        }
        leaveOut.wrapAndApplyHeader(out.body(), out.bodyOffset(), header).nextStep(nextStep);
        LeaveEncoder.LostEncoder nodes = leaveOut.lostCount(lost.size());
        for (int each : lost) {
            nodes.next().node(each);
        }
        leaveOut.putReason(reason, 0, reasonLength);
        out.commit();
        return true;
    }

    /** The Leave in a frame; null: it holds another message. */
    @Nullable Leave leave(FrameReader frame) {
        if (frame.header().templateId() != LeaveDecoder.TEMPLATE_ID) {
            return null;
        }
        leaveIn.wrapAndApplyHeader(frame.body(), frame.bodyOffset(), frame.header());
        long nextStep = leaveIn.nextStep();
        List<Integer> lost = new ArrayList<>();
        for (LeaveDecoder.LostDecoder each : leaveIn.lost()) {
            lost.add(each.node());
        }
        return new Leave(nextStep, lost, leaveIn.reason());
    }
}
