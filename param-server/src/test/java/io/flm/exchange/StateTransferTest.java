package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class StateTransferTest {
    private static final int SIZE = 20_000_003;

    /** Of one process, where the first has the state. */
    private static final GroupSpec TWO_WORKERS =
            Cluster.heldBy(GroupSpec.local(1, 1, Codec.FP32, List.of(new LaneRange(0, 1), new LaneRange(1, 3))), 0);

    private final byte[] state = new byte[SIZE];
    private final List<List<float[]>> gradients = List.of(TreeSumTest.laneGradients(3, 1_000, new Random(3)));

    StateTransferTest() {
        new Random(9).nextBytes(state);
    }

    private class Donor implements StateSource {
        @Override
        public long sizeBytes() {
            return state.length;
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            into.put(state, (int) offset, into.remaining());
        }
    }

    private static final class Receiver implements StateSink {
        private byte[] bytes = {};
        private final List<Long> offsets = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void begin(long sizeBytes) {
            bytes = new byte[(int) sizeBytes];
        }

        @Override
        public void write(long offset, ByteBuffer from) {
            offsets.add(offset);
            from.get(bytes, (int) offset, from.remaining());
        }
    }

    private static GroupSpec spec(long generation, List<ExchangeNode> nodes, Integer... holders) {
        int[] nodeOfRank = new int[nodes.size()];
        int[] bounds = new int[nodes.size() + 1];
        Arrays.setAll(nodeOfRank, node -> node);
        Arrays.setAll(bounds, node -> node);
        bounds[nodes.size()] = 3;
        return Cluster.heldBy(Cluster.spec(generation, 1, Codec.FP32, nodes, nodeOfRank, bounds), holders);
    }

    @Test
    void bringsNewMembersTheStateWhileTheOthersComputeTheirStep() throws Exception {
        for (boolean encrypted : new boolean[] {false, true}) {
            try (Cluster cluster = new Cluster("liveness-timeout = 10s")) {
                List<ExchangeNode> nodes = cluster.open(3);
                GroupSpec spec = spec(1, nodes, 0);
                List<Exchange> members =
                        Cluster.join(encrypted ? Cluster.encrypted(spec, new byte[GroupSpec.KEY_BYTES]) : spec, nodes);
                List<Receiver> received = List.of(new Receiver(), new Receiver(), new Receiver());
                List<StateDownload.Progress> progress = Collections.synchronizedList(new ArrayList<>());
                List<Cluster.Step> steps = cluster.all(members, member -> {
                    if (member.rank() == 0) {
                        member.offer(40, new Donor());
                    } else {
                        member.fetch(new StateDownload(40, received.get(member.rank())), progress::add);
                    }
                    return Cluster.step(member, 40, gradients, Codec.FP32, false);
                });
                assertThat(steps.get(0).sums().get(0)).isEqualTo(TreeSumTest.recursiveSum(gradients.get(0), 0, 4));
                assertThat(received.get(1).bytes).isEqualTo(state);
                assertThat(received.get(2).bytes).isEqualTo(state);
                assertThat(nodes.get(0).counters().stateBytesSent()).isEqualTo(2L * SIZE);
                assertThat(progress).anySatisfy(last -> {
                    assertThat(last.receivedBytes()).isEqualTo(SIZE);
                    assertThat(last.sizeBytes()).isEqualTo(SIZE);
                    assertThat(last.bytesPerSecond()).isPositive();
                    assertThat(last.donor()).isZero();
                });
            }
        }
    }

    @Test
    void goesOnWithAnotherDonorWhereTheFirstOneDied() throws Exception {
        try (Cluster cluster = new Cluster("liveness-timeout = 2s")) {
            List<ExchangeNode> nodes = cluster.open(3);
            List<Exchange> first = Cluster.join(spec(1, nodes, 1), nodes);
            Receiver receiver = new Receiver();
            StateDownload download = new StateDownload(7, receiver);
            first.get(1).offer(7, new Donor() {
                @Override
                public void read(long offset, ByteBuffer into) {
                    if (offset > SIZE / 2) {
                        throw new UnsupportedOperationException("the donor dies"); // nothing that is foreseen
                    }
                    super.read(offset, into);
                }
            });
            Future<Boolean> fetching = cluster.start(() -> {
                first.get(2).fetch(download, progress -> {});
                return true;
            });
            assertThat(Cluster.failure(fetching)).hasMessageContaining("the donor dies");
            long resumedAt = download.receivedBytes();
            assertThat(resumedAt).isBetween(1L, (long) SIZE - 1);
            first.forEach(Exchange::close);

            List<ExchangeNode> survivors = List.of(nodes.get(0), nodes.get(2));
            List<Exchange> next = Cluster.join(spec(2, survivors, 0), survivors);
            next.get(0).offer(7, new Donor());
            assertThat(receiver.offsets).doesNotContain(resumedAt);
            next.get(1).fetch(download, progress -> {});

            assertThat(download.isComplete()).isTrue();
            assertThat(receiver.bytes).isEqualTo(state);
            assertThat(receiver.offsets).contains(resumedAt).doesNotHaveDuplicates();
            assertThat(nodes.get(0).counters().stateBytesSent()).isEqualTo(SIZE - resumedAt);
        }
    }

    @Test
    void refusesAStateOfAnotherStep() throws Exception {
        try (Cluster cluster = new Cluster()) {
            List<ExchangeNode> nodes = cluster.open(2);
            List<Exchange> members = Cluster.join(spec(1, nodes, 0), nodes);
            members.get(0).offer(8, new Donor());
            Future<Boolean> fetching = cluster.start(() -> {
                members.get(1).fetch(new StateDownload(7, new Receiver()), progress -> {});
                return true;
            });
            assertThat(Cluster.failure(fetching))
                    .hasMessageContaining("rank 0 offers the state of step 8, not that of step 7");
        }
    }

    @Test
    void refusesBytesThatChangedOnTheWay() throws Exception {
        try (Cluster cluster = new Cluster()) {
            List<ExchangeNode> nodes = cluster.open(2);
            List<Exchange> members = Cluster.join(spec(1, nodes, 0), nodes);
            members.get(0).offer(7, new Donor() {
                private boolean changed;

                @Override
                public void read(long offset, ByteBuffer into) {
                    super.read(offset, into);
                    if (offset > 1_000_000 && !changed) {
                        changed = true;
                        into.put(into.position() - 1, (byte) (into.get(into.position() - 1) + 1));
                    }
                }
            });
            StateDownload download = new StateDownload(7, new Receiver());
            Future<Boolean> fetching = cluster.start(() -> {
                members.get(1).fetch(download, progress -> {});
                return true;
            });
            assertThat(Cluster.failure(fetching)).hasMessageContaining("does not have its SHA-256");
            assertThat(download.isComplete()).isFalse();
        }
    }

    @Test
    void copiesBetweenWorkersOfOneProcess() throws Exception {
        try (Cluster cluster = new Cluster();
                ExchangeNode node = ExchangeNode.inMemory()) {
            Exchange donor = node.join(TWO_WORKERS, 0);
            Exchange receiver = node.join(TWO_WORKERS, 1);
            Receiver received = new Receiver();
            Future<Boolean> fetching = cluster.start(() -> {
                receiver.fetch(new StateDownload(7, received), progress -> {});
                return true;
            });
            donor.offer(7, new Donor());
            assertThat(Cluster.await(fetching)).isTrue();
            assertThat(received.bytes).isEqualTo(state);
        }
    }

    @Test
    void stopsACopyWhenItsGenerationEnds() throws Exception {
        try (Cluster cluster = new Cluster();
                ExchangeNode node = ExchangeNode.inMemory()) {
            Exchange donor = node.join(TWO_WORKERS, 0);
            Exchange receiver = node.join(TWO_WORKERS, 1);
            donor.offer(7, new Donor() {
                @Override
                public void read(long offset, ByteBuffer into) {
                    super.read(offset, into);
                    donor.close();
                }
            });
            StateDownload download = new StateDownload(7, new Receiver());
            Future<Boolean> fetching = cluster.start(() -> {
                receiver.fetch(download, progress -> {});
                return true;
            });
            assertThat(Cluster.failure(fetching)).hasMessageContaining("rank 0 left generation 1");
            assertThat(download.receivedBytes()).isBetween(1L, (long) SIZE - 1);
        }
    }

    @Test
    void bytesThatCouldNotBeWrittenComeAgain() {
        Receiver receiver = new Receiver();
        StateDownload download = new StateDownload(7, new StateSink() {
            private boolean failed;

            @Override
            public void begin(long sizeBytes) {
                receiver.begin(sizeBytes);
            }

            @Override
            public void write(long offset, ByteBuffer from) {
                if (!failed) {
                    failed = true;
                    throw new IllegalStateException("busy");
                }
                receiver.write(offset, from);
            }
        });
        byte[] bytes = {1, 2, 3};
        download.begin(3);
        assertThatThrownBy(() -> download.write(ByteBuffer.wrap(bytes))).hasMessage("busy");
        download.write(ByteBuffer.wrap(bytes));
        assertThat(download.end(StateDownload.sha256().digest(bytes))).isTrue();
        assertThat(receiver.bytes).isEqualTo(bytes);
    }
}
