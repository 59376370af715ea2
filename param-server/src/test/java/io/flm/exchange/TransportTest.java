package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose transport ends, whatever ends it: it says that it is its own, at once, and has another one for the next generation. */
@Timeout(120)
class TransportTest {
    private final List<List<float[]>> gradients = List.of(TreeSumTest.laneGradients(2, 20_000, new Random(3)));

    @TempDir
    private Path folder;

    private GroupSpec spec(long generation, List<ExchangeNode> nodes) {
        return Cluster.spec(generation, 1, Codec.FP32, nodes, new int[] {0, 1}, 0, 1, 2);
    }

    private Cluster.Step step(Exchange member, long step) throws ExchangeException {
        return Cluster.step(member, step, gradients, Codec.FP32, false);
    }

    private Cluster cluster(String more) {
        return new Cluster("liveness-timeout = 6s, connect-timeout = 30s, directory = \"" + folder + "\"" + more);
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .collect(Collectors.toSet());
    }

    private interface End {
        void of(ExchangeNode node, Set<Thread> threads) throws Exception;
    }

    /** Ends the transport of node 1 in a step; it says so sooner than anybody is silent, and the next generation trains. */
    private void requireThatItGoesOn(Cluster cluster, String why, End end) throws Exception {
        try (cluster) {
            ExchangeNode healthy = cluster.open();
            Set<Thread> others = threads();
            ExchangeNode victim = cluster.open();
            Set<Thread> own = threads();
            own.removeAll(others);
            List<ExchangeNode> nodes = List.of(healthy, victim);
            String endpoint = victim.endpoint();
            List<Exchange> members = Cluster.join(spec(1, nodes), nodes);
            cluster.all(members, member -> step(member, 0));
            Future<Cluster.Step> waiting = cluster.start(() -> step(members.get(1), 1));

            end.of(victim, own);

            ExchangeException failure = Cluster.failure(waiting);
            assertThat(failure.lostNodes()).containsExactly(1);
            assertThat(failure).hasMessageContaining("rank 1, generation 1").hasMessageContaining(why);
            assertThat(failure.getMessage())
                    .hasLineCount(1)
                    .doesNotContain(Endpoint.parse(endpoint).pass());
            members.forEach(Exchange::close);
            List<Exchange> next = Cluster.join(spec(2, nodes), nodes);
            assertThat(cluster.all(next, member -> step(member, 1))
                            .get(1)
                            .sums()
                            .get(0))
                    .isEqualTo(TreeSumTest.recursiveSum(gradients.get(0), 0, 2));
            assertThat(victim.endpoint()).isEqualTo(endpoint);
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aClientThatIsClosed() throws Exception {
        requireThatItGoesOn(
                cluster(""),
                "this node's exchange ended",
                (node, threads) ->
                        Objects.requireNonNull(node.transport()).client().close());
    }

    @Test
    void aStateThatCannotBeReadIsTheFailureOfItsNodeAlsoForTheOthers() throws Exception {
        try (Cluster cluster = cluster("")) {
            List<ExchangeNode> nodes = cluster.open(2);
            List<Exchange> members = Cluster.join(Cluster.heldBy(spec(1, nodes), 1), nodes);
            members.get(1).offer(0, new StateSource() {
                @Override
                public long sizeBytes() {
                    return 1;
                }

                @Override
                public void read(long offset, ByteBuffer into) {
                    throw new OutOfMemoryError("no room");
                }
            });
            Future<Boolean> fetching = cluster.start(() -> {
                members.get(0).fetch(new StateDownload(0, new Nowhere()), progress -> {});
                return true;
            });
            assertThat(Cluster.failure(fetching).lostNodes()).containsExactly(1);
            ExchangeException own = Cluster.failure(cluster.start(() -> step(members.get(1), 0)));
            assertThat(own.lostNodes()).containsExactly(1);
            assertThat(own)
                    .hasMessageContaining("this node's exchange failed in generation 1")
                    .hasMessageContaining("no room");
            cluster.all(Cluster.join(spec(2, nodes), nodes), member -> step(member, 0));
        }
    }

    private static final class Nowhere implements StateSink {
        @Override
        public void begin(long sizeBytes) {}

        @Override
        public void write(long offset, ByteBuffer bytes) {}
    }

    @Test
    void aThreadOfTheDriverThatIsInterrupted() throws Exception {
        requireThatItGoesOn(
                cluster(", threading = dedicated"),
                "this node's exchange ended, its transport closed itself",
                (node, threads) -> {
                    List<Thread> receiver = threads.stream()
                            .filter(thread -> thread.getName().contains("receiver"))
                            .toList();
                    assertThat(receiver).hasSize(1);
                    receiver.get(0).interrupt();
                });
    }

    @Test
    void aFolderThatIsDeletedEndsTheTransportWithTheNextStream() throws Exception {
        try (Cluster cluster = cluster("")) {
            List<ExchangeNode> nodes = cluster.open(2);
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    if (!file.equals(folder)) {
                        Files.delete(file);
                    }
                }
            }
            List<Exchange> members = Cluster.join(spec(1, nodes), nodes);
            List<Future<Cluster.Step>> waiting = members.stream()
                    .map(member -> cluster.start(() -> step(member, 0)))
                    .toList();
            for (int node = 0; node < 2; node++) {
                ExchangeException failure = Cluster.failure(waiting.get(node));
                assertThat(failure.lostNodes()).containsExactly(node);
                assertThat(failure).hasMessageContaining("no stream to node " + (1 - node));
                assertThat(failure.getMessage()).hasLineCount(1);
            }
            members.forEach(Exchange::close);
            cluster.all(Cluster.join(spec(2, nodes), nodes), member -> step(member, 0));
        }
    }

    @Test
    void whereThereIsNoRoomItSaysHowMuchIsNeededAndHowToGiveIt() {
        assertThat(TransportDriver.lackOfRoom(folder, 1)).isNull();
        assertThat(TransportDriver.lackOfRoom(folder, 1L << 60))
                .startsWith(folder + ": ")
                .contains(" MiB of room, and the exchange may need 1099511627776 MiB; give it more")
                .hasLineCount(1);
        assertThat(TransportDriver.lackOfRoom(folder.resolve("missing"), 1)).endsWith("set flm.exchange.directory");
    }

    @Test
    void whereItCannotBeOpenedAgainTheNodeNamesItselfUntilItCan() throws Exception {
        try (Cluster cluster = cluster("")) {
            List<ExchangeNode> nodes = cluster.open(2);
            Transport transport = Objects.requireNonNull(nodes.get(1).transport());
            transport.client().close();
            long bound = System.nanoTime() + TimeUnit.SECONDS.toNanos(Cluster.BOUND_S);
            while (transport.isRunning() && System.nanoTime() < bound) {
                Thread.onSpinWait();
            }
            Endpoint taken = Endpoint.parse(nodes.get(1).endpoint());
            try (DatagramSocket other = new DatagramSocket(new InetSocketAddress(taken.host(), taken.port()))) {
                assertThat(other.isBound()).isTrue();
                for (int generation = 1; generation <= 2; generation++) {
                    GroupSpec spec = spec(generation, nodes);
                    ExchangeException failure =
                            Cluster.failure(cluster.start(() -> nodes.get(1).join(spec, 1)));
                    assertThat(failure.lostNodes()).containsExactly(1);
                    assertThat(failure).hasMessageContaining("it cannot be opened again: " + taken + ": cannot listen");
                }
            }
            cluster.all(Cluster.join(spec(3, nodes), nodes), member -> step(member, 0));
        }
    }
}
