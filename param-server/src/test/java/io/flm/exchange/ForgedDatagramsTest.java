package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.NakFlyweight;
import io.aeron.protocol.RttMeasurementFlyweight;
import io.aeron.protocol.SetupFlyweight;
import io.aeron.protocol.StatusMessageFlyweight;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Datagrams of who was not told a node's pass: the driver makes nothing of them, and the members do not notice. */
@Timeout(120)
class ForgedDatagramsTest {
    private static final int[] TWO = {0, 1};
    private static final int STREAMS = 2; // from the other node
    private static final int TERM_BYTES = 1 << 16;

    private final List<List<float[]>> gradients = List.of(TreeSumTest.laneGradients(2, 20_000, new Random(3)));
    private final Random random = new Random(5);

    @TempDir
    private Path folder;

    /** Two members with a step behind them, and somebody who sends to the first one's port. */
    private final class Scene implements AutoCloseable {
        private final Cluster cluster = new Cluster("liveness-timeout = 2s, directory = \"" + folder + "\"");
        private final List<ExchangeNode> nodes = cluster.open(2);
        private final DatagramSocket socket = new DatagramSocket();
        private List<Exchange> members = List.of();
        private long generation;
        private long step;

        Scene() throws Exception {
            nextGeneration();
        }

        void nextGeneration() throws Exception {
            members.forEach(Exchange::close);
            members = Cluster.join(Cluster.spec(++generation, 1, Codec.FP32, nodes, TWO, 0, 1, 2), nodes);
            requireUnharmed();
        }

        void requireUnharmed() throws Exception {
            long next = step++;
            for (Cluster.Step each :
                    cluster.all(members, member -> Cluster.step(member, next, gradients, Codec.FP32, false))) {
                assertThat(each.sums().get(0)).isEqualTo(TreeSumTest.recursiveSum(gradients.get(0), 0, 2));
            }
        }

        void send(UnsafeBuffer datagram, int length) throws IOException {
            byte[] bytes = new byte[length];
            datagram.getBytes(0, bytes);
            Endpoint to = Endpoint.parse(nodes.get(0).endpoint());
            socket.send(new DatagramPacket(bytes, length, InetAddress.getByName(to.host()), to.port()));
        }

        long refused() {
            return nodes.get(0).counters().refusedDatagrams();
        }

        void awaitRefused(long count) {
            long bound = System.nanoTime() + Cluster.BOUND_S * 1_000_000_000L;
            while (refused() < count && System.nanoTime() < bound) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(refused()).isGreaterThanOrEqualTo(count);
        }

        /** The buffers of what both nodes receive. */
        long images() throws IOException {
            try (Stream<Path> files = Files.walk(folder)) {
                return files.filter(file -> file.toString().contains("/images/"))
                        .count();
            }
        }

        @Override
        public void close() {
            socket.close();
            cluster.close();
        }
    }

    private static SetupFlyweight setup(int stream, int session, int ticket, int termBytes) {
        SetupFlyweight setup = new SetupFlyweight(new UnsafeBuffer(new byte[SetupFlyweight.HEADER_LENGTH]));
        setup.frameLength(SetupFlyweight.HEADER_LENGTH).headerType(SetupFlyweight.HDR_TYPE_SETUP);
        return setup.streamId(stream)
                .sessionId(session)
                .initialTermId(ticket)
                .activeTermId(ticket)
                .termOffset(0)
                .termLength(termBytes)
                .mtuLength(1408)
                .ttl(0);
    }

    @Test
    void aFloodOfAnnouncedStreamsMakesNoBufferAndEndsNoGeneration() throws Exception {
        try (Scene scene = new Scene()) {
            long begin = System.nanoTime();
            for (int sent = 1; sent <= 20_000; sent++) {
                scene.send(
                        setup(1 + sent % 2, random.nextInt(), random.nextInt(), TERM_BYTES),
                        SetupFlyweight.HEADER_LENGTH);
                if (sent % 5000 == 0) {
                    scene.requireUnharmed();
                }
                while (System.nanoTime() - begin < sent * 100_000L) {
                    LockSupport.parkNanos(20_000); // 10,000 a second
                }
            }
            scene.awaitRefused(5_000); // the kernel may have dropped some
            assertThat(scene.images()).isEqualTo(2 * STREAMS);
            scene.nextGeneration();
        }
    }

    @Test
    void whoSendsWhatNobodyAnnouncedIsAskedNowAndThenOnly() throws Exception {
        try (Scene scene = new Scene()) {
            long before = scene.refused();
            long begin = System.nanoTime();
            UnsafeBuffer frame = new UnsafeBuffer(new byte[64]);
            for (int sent = 0; sent < 200; sent++) {
                new DataHeaderFlyweight(frame)
                        .sessionId(random.nextInt())
                        .streamId(1 + sent % 2)
                        .termId(random.nextInt())
                        .termOffset(0)
                        .frameLength(64)
                        .headerType(DataHeaderFlyweight.HDR_TYPE_DATA);
                scene.send(frame, 64);
                RttMeasurementFlyweight rtt = new RttMeasurementFlyweight(frame);
                rtt.sessionId(random.nextInt()).streamId(1 + sent % 2).receiverId(0);
                rtt.frameLength(RttMeasurementFlyweight.HEADER_LENGTH)
                        .headerType(DataHeaderFlyweight.HDR_TYPE_RTTM)
                        .flags(RttMeasurementFlyweight.REPLY_FLAG);
                scene.send(frame, RttMeasurementFlyweight.HEADER_LENGTH);
            }
            scene.awaitRefused(before + 200);
            long passedMs = (System.nanoTime() - begin) / 1_000_000;
            scene.socket.setSoTimeout(200);
            long answers = 0;
            while (answers(scene.socket)) {
                answers++;
            }
            assertThat(answers).isLessThanOrEqualTo(passedMs + 2);
            assertThat(scene.images()).isEqualTo(2 * STREAMS);
            scene.requireUnharmed();
        }
    }

    private static boolean answers(DatagramSocket socket) throws IOException {
        try {
            socket.receive(new DatagramPacket(new byte[100], 100));
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void anAnnouncedStreamWithTheRightTicketMayNotTakeMoreThanOnesOwn() throws Exception {
        try (Scene scene = new Scene()) {
            String pass = Endpoint.parse(scene.nodes.get(0).endpoint()).pass();
            long before = scene.refused();
            int ticket = StreamAuthenticator.ticket(pass, Transport.GRADIENTS, 1);
            scene.send(setup(Transport.GRADIENTS, 1, ticket, 1 << 30), SetupFlyweight.HEADER_LENGTH);
            scene.send(
                    setup(Transport.GRADIENTS, 2, ticket, TERM_BYTES),
                    SetupFlyweight.HEADER_LENGTH); // another's ticket
            scene.send(setup(Transport.CONTROL, 1, ticket, TERM_BYTES), SetupFlyweight.HEADER_LENGTH);
            scene.send(
                    setup(3, 1, StreamAuthenticator.ticket(pass, 3, 1), TERM_BYTES),
                    SetupFlyweight.HEADER_LENGTH); // no stream of this program
            scene.send(setup(Transport.GRADIENTS, 1, ticket, TERM_BYTES), SetupFlyweight.HEADER_LENGTH - 8); // cut
            scene.awaitRefused(before + 5);
            assertThat(scene.images()).isEqualTo(2 * STREAMS);
            scene.requireUnharmed();
        }
    }

    @Test
    void garbageAndFramesForSendersChangeNothing() throws Exception {
        try (Scene scene = new Scene()) {
            UnsafeBuffer frame = new UnsafeBuffer(new byte[1500]);
            for (int sent = 0; sent < 2_000; sent++) {
                byte[] garbage = new byte[random.nextInt(1, 1500)];
                random.nextBytes(garbage);
                frame.putBytes(0, garbage);
                if (sent % 2 == 0) { // looks like one of Aeron's
                    frame.putInt(0, random.nextInt(-10, 2000), ByteOrder.LITTLE_ENDIAN);
                    frame.putByte(4, (byte) 0);
                    frame.putShort(6, (short) random.nextInt(0, 12), ByteOrder.LITTLE_ENDIAN);
                }
                scene.send(frame, garbage.length);
                StatusMessageFlyweight status = new StatusMessageFlyweight(frame);
                status.sessionId(random.nextInt())
                        .streamId(1)
                        .consumptionTermId(0)
                        .consumptionTermOffset(0);
                status.receiverWindowLength(Integer.MAX_VALUE).receiverId(random.nextLong());
                status.frameLength(StatusMessageFlyweight.HEADER_LENGTH).headerType(DataHeaderFlyweight.HDR_TYPE_SM);
                scene.send(frame, StatusMessageFlyweight.HEADER_LENGTH);
                NakFlyweight nak = new NakFlyweight(frame);
                nak.sessionId(random.nextInt())
                        .streamId(1)
                        .termId(0)
                        .termOffset(0)
                        .length(Integer.MAX_VALUE);
                nak.frameLength(NakFlyweight.HEADER_LENGTH).headerType(DataHeaderFlyweight.HDR_TYPE_NAK);
                scene.send(frame, NakFlyweight.HEADER_LENGTH);
                if (sent % 500 == 0) {
                    scene.requireUnharmed();
                }
            }
            assertThat(scene.images()).isEqualTo(2 * STREAMS);
            scene.nextGeneration();
        }
    }
}
