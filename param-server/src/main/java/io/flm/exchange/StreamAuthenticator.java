package io.flm.exchange;

import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.RttMeasurementFlyweight;
import io.aeron.protocol.SetupFlyweight;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.agrona.collections.LongHashSet;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * Lets in only streams of senders that were told this node's pass. A doorkeeper who lets everybody in, and asks for tickets inside,
 * soon has a full house: Aeron makes buffers, counters and a message to its client for each stream that a datagram of 40 bytes
 * announces, and a client that cannot keep up with those messages closes itself. So tickets are looked at outside: a stream's first
 * term id, which its sender may choose, is a code of its session and the pass. Datagrams of other streams are dropped before the
 * driver sees them; now and then one is asked to announce itself, since this node may have begun anew in the midst of a member's
 * stream.
 */
final class StreamAuthenticator {
    /** Streams that were let in lately; older ones without datagrams since are forgotten. */
    private static final int MOST_STREAMS = 4096;

    /** Between two questions: rare enough not to trouble an address that a stranger has forged, often enough for all nodes of a cluster. */
    private static final long ASKING_PAUSE_NS = 1_000_000;

    private static final String ALGORITHM = "HmacSHA256";

    private final Mac mac;
    private final LiveCounters counts;
    private final int longestTerm;

    // Of the thread that receives.
    private LongHashSet admitted = new LongHashSet();
    private LongHashSet admittedBefore = new LongHashSet();
    private long askedNs = System.nanoTime() - ASKING_PAUSE_NS;

    /** @param longestTerm bytes; streams with longer ones are of no node of this program */
    StreamAuthenticator(String pass, int longestTerm, LiveCounters counts) {
        this.mac = mac(pass);
        this.longestTerm = longestTerm;
        this.counts = counts;
    }

    /** The first term id of a stream to the node with this pass. */
    static int ticket(String pass, int stream, int session) {
        return ticket(mac(pass), stream, session);
    }

    private static int ticket(Mac mac, int stream, int session) {
        return ByteBuffer.wrap(mac.doFinal(ByteBuffer.allocate(2 * Integer.BYTES)
                        .putInt(stream)
                        .putInt(session)
                        .array()))
                .getInt();
    }

    private static Mac mac(String pass) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(("flm exchange " + pass).getBytes(StandardCharsets.UTF_8), ALGORITHM));
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + ALGORITHM, e);
        }
    }

    /** What the driver receives with. */
    ReceiveChannelEndpoint endpoint(
            UdpChannel channel, DataPacketDispatcher dispatcher, AtomicCounter status, MediaDriver.Context context) {
        return new ReceiveChannelEndpoint(channel, dispatcher, status, context) {
            @Override
            public int onDataPacket(
                    DataHeaderFlyweight header,
                    UnsafeBuffer buffer,
                    int length,
                    InetSocketAddress from,
                    int transport) {
                if (isAdmitted(header.streamId(), header.sessionId())) {
                    return super.onDataPacket(header, buffer, length, from, transport);
                }
                if (mayAsk()) {
                    sendSetupElicitingStatusMessage(transport, from, header.sessionId(), header.streamId());
                }
                return 0;
            }

            @Override
            public void onSetupMessage(
                    SetupFlyweight header, UnsafeBuffer buffer, int length, InetSocketAddress from, int transport) {
                if (admit(header, length)) {
                    super.onSetupMessage(header, buffer, length, from, transport);
                }
            }

            @Override
            public void onRttMeasurement(
                    RttMeasurementFlyweight header,
                    UnsafeBuffer buffer,
                    int length,
                    InetSocketAddress from,
                    int transport) {
                if (isAdmitted(header.streamId(), header.sessionId())) {
                    super.onRttMeasurement(header, buffer, length, from, transport);
                }
            }
        };
    }

    private boolean admit(SetupFlyweight setup, int length) {
        boolean sound = length >= SetupFlyweight.HEADER_LENGTH
                && (setup.streamId() == Transport.GRADIENTS || setup.streamId() == Transport.CONTROL)
                && setup.termLength() <= longestTerm
                && setup.initialTermId() == ticket(mac, setup.streamId(), setup.sessionId());
        if (sound) {
            if (admitted.size() >= MOST_STREAMS) {
                admittedBefore = admitted;
                admitted = new LongHashSet();
            }
            admitted.add(key(setup.streamId(), setup.sessionId()));
        } else {
            counts.refused.increment();
        }
        return sound;
    }

    private boolean isAdmitted(int stream, int session) {
        long key = key(stream, session);
        if (admitted.contains(key)) {
            return true;
        }
        if (admittedBefore.remove(key)) {
            admitted.add(key);
            return true;
        }
        counts.refused.increment();
        return false;
    }

    private boolean mayAsk() {
        long now = System.nanoTime();
        boolean may = now - askedNs >= ASKING_PAUSE_NS;
        askedNs = may ? now : askedNs;
        return may;
    }

    private static long key(int stream, int session) {
        return ((long) stream << Integer.SIZE) | Integer.toUnsignedLong(session);
    }
}
