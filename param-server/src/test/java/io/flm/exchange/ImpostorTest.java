package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames of who is not a member are counted and change nothing. */
@Timeout(60)
class ImpostorTest {
    private static final int[] TWO = {0, 1};

    private final List<List<float[]>> gradients = List.of(TreeSumTest.laneGradients(2, 50_000, new Random(3)));

    @TempDir
    private Path folder;

    private static GroupSpec spec(long generation, ExchangeNode... nodes) {
        return Cluster.spec(generation, 1, Codec.FP32, List.of(nodes), TWO, 0, 1, 2);
    }

    private void requireUnharmed(Cluster cluster, List<Exchange> members, long step) throws Exception {
        for (Cluster.Step each :
                cluster.all(members, member -> Cluster.step(member, step, gradients, Codec.FP32, false))) {
            assertThat(each.sums().get(0)).isEqualTo(TreeSumTest.recursiveSum(gradients.get(0), 0, 2));
        }
    }

    private static void awaitCount(LongSupplier counter) {
        long bound = System.nanoTime() + Cluster.BOUND_S * 1_000_000_000L;
        while (counter.getAsLong() == 0 && System.nanoTime() < bound) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(counter.getAsLong()).isPositive();
    }

    @Test
    void dropsFramesOfAnOldGeneration() throws Exception {
        try (Cluster cluster = new Cluster("liveness-timeout = 5s")) {
            List<ExchangeNode> nodes = cluster.open(3);
            List<Exchange> members = Cluster.join(spec(7, nodes.get(0), nodes.get(1)), nodes);
            nodes.get(2).join(spec(6, nodes.get(0), nodes.get(2)), 1);
            requireUnharmed(cluster, members, 0);
            awaitCount(() -> nodes.get(0).counters().otherGenerationFrames());
            requireUnharmed(cluster, members, 1);
        }
    }

    @Test
    void dropsFramesThatNoMemberSealed() throws Exception {
        try (Cluster cluster = new Cluster("liveness-timeout = 5s")) {
            List<ExchangeNode> nodes = cluster.open(3);
            byte[] key = new byte[GroupSpec.KEY_BYTES];
            new Random(1).nextBytes(key);
            byte[] guessed = new byte[GroupSpec.KEY_BYTES];
            GroupSpec spec = Cluster.encrypted(spec(7, nodes.get(0), nodes.get(1)), key);
            nodes.get(2).join(Cluster.encrypted(spec(7, nodes.get(0), nodes.get(2)), guessed), 1);
            List<Exchange> members = Cluster.join(spec, nodes);
            awaitCount(() -> nodes.get(0).counters().unauthenticatedFrames());
            requireUnharmed(cluster, members, 0);
        }
    }

    @Test
    void dropsAStreamThatClaimsToBeAMembers() throws Exception {
        try (Cluster cluster = new Cluster("liveness-timeout = 5s")) {
            List<ExchangeNode> nodes = cluster.open(3);
            List<Exchange> members = Cluster.join(spec(7, nodes.get(0), nodes.get(1)), nodes);
            requireUnharmed(cluster, members, 0);
            nodes.get(2).join(spec(7, nodes.get(0), nodes.get(2)), 1);
            awaitCount(() -> nodes.get(0).counters().duplicateFrames());
            requireUnharmed(cluster, members, 1);
        }
    }

    @Test
    void dropsWhatIsNoFrame() throws Exception {
        try (Cluster cluster = new Cluster("liveness-timeout = 5s");
                MediaDriver driver = MediaDriver.launch(new MediaDriver.Context()
                        .aeronDirectoryName(folder.resolve("aeron").toString())
                        .threadingMode(ThreadingMode.SHARED)
                        .dirDeleteOnShutdown(true));
                Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(driver.aeronDirectoryName()))) {
            List<ExchangeNode> nodes = cluster.open(2);
            List<Exchange> members = Cluster.join(spec(7, nodes.get(0), nodes.get(1)), nodes);
            for (int stream : new int[] {Transport.GRADIENTS, Transport.CONTROL}) {
                long before = nodes.get(0).counters().corruptFrames();
                Endpoint to = Endpoint.parse(nodes.get(0).endpoint());
                int ticket = StreamAuthenticator.ticket(to.pass(), stream, stream);
                ExclusivePublication publication = aeron.addExclusivePublication(
                        "aeron:udp?endpoint=" + to.address() + "|term-length=64k|session-id=" + stream
                                + "|init-term-id=" + ticket + "|term-id=" + ticket + "|term-offset=0",
                        stream);
                byte[] garbage = new byte[100];
                new Random(2).nextBytes(garbage);
                while (publication.offer(new UnsafeBuffer(garbage)) < 0) {
                    LockSupport.parkNanos(1_000_000);
                }
                awaitCount(() -> nodes.get(0).counters().corruptFrames() - before);
            }
            requireUnharmed(cluster, members, 0);
        }
    }
}
