package io.flm.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class MultiNodeGroupTest {
    private static List<List<float[]>> gradients(int lanes, Random random, int... sizes) {
        List<List<float[]>> segments = new ArrayList<>();
        for (int size : sizes) {
            segments.add(TreeSumTest.laneGradients(lanes, size, random));
        }
        return segments;
    }

    private static List<float[]> sums(List<List<float[]>> gradients, Codec codec) {
        return gradients.stream()
                .map(lanes -> TreeSumTest.recursiveSum(lanes, 0, 64, codec))
                .toList();
    }

    private static int[] anyBounds(int laneCount, int parts, Random random) {
        TreeSet<Integer> bounds = new TreeSet<>(List.of(0, laneCount));
        while (bounds.size() <= parts) {
            bounds.add(random.nextInt(laneCount));
        }
        return bounds.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Ranks over nodes: each node has at least one, and those of a node are adjacent. */
    private static int[] anyNodes(int ranks, int nodes, Random random) {
        int[] bounds = anyBounds(ranks, nodes, random);
        int[] nodeOfRank = new int[ranks];
        for (int node = 0; node < nodes; node++) {
            Arrays.fill(nodeOfRank, bounds[node], bounds[node + 1], node);
        }
        return nodeOfRank;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void givesEveryMemberTheSameBitsForEveryDealOverNodes(boolean sharedMemory) throws Exception {
        Random random = new Random(17);
        byte[] key = new byte[GroupSpec.KEY_BYTES];
        random.nextBytes(key);
        try (Cluster cluster = new Cluster("liveness-timeout = 10s, shared-memory = " + sharedMemory)) {
            List<ExchangeNode> nodes = cluster.open(5);
            long generation = 0;
            for (int nodeCount = 2; nodeCount <= 5; nodeCount++) {
                for (Codec codec : Codec.values()) {
                    for (int variant = 0; variant < 3; variant++) {
                        int ranks = nodeCount + (variant == 0 ? 0 : random.nextInt(4));
                        int lanes = ranks + random.nextInt(10);
                        int large = variant == 2 ? 300_000 : 5_000;
                        List<List<float[]>> first = gradients(lanes, random, large, 3, 20_011, 1);
                        List<List<float[]>> second = gradients(lanes, random, large, 3, 20_011, 1);
                        List<ExchangeNode> members = nodes.subList(0, nodeCount);
                        GroupSpec spec = Cluster.spec(
                                ++generation,
                                4,
                                codec,
                                members,
                                anyNodes(ranks, nodeCount, random),
                                anyBounds(lanes, ranks, random));
                        GroupSpec agreed = variant == 1 ? Cluster.encrypted(spec, key) : spec;
                        List<Cluster.Step> steps = new ArrayList<>();
                        List<Exchange> joined = Cluster.join(agreed, members);
                        cluster.all(joined, member -> {
                                    List<Cluster.Step> own = new ArrayList<>();
                                    own.add(Cluster.step(member, 7, first, codec, false));
                                    own.add(Cluster.step(member, 8, second, codec, false));
                                    own.add(Cluster.step(member, 9, first, codec, member.rank() == 1));
                                    return own;
                                })
                                .forEach(steps::addAll);
                        joined.forEach(Exchange::close);
                        List<float[]> sumOfFirst = sums(first, codec);
                        List<float[]> sumOfSecond = sums(second, codec);
                        for (int index = 0; index < steps.size(); index++) {
                            Cluster.Step step = steps.get(index);
                            List<float[]> expected = index % 3 == 1 ? sumOfSecond : sumOfFirst;
                            for (int segment = 0; segment < 4; segment++) {
                                assertThat(step.sums().get(segment))
                                        .as("segment %d, %s", segment, agreed)
                                        .isEqualTo(expected.get(segment));
                            }
                            assertThat(step.totals())
                                    .usingRecursiveComparison()
                                    .isEqualTo(StepTotals.of(Cluster.totals(new LaneRange(0, lanes)), index % 3 == 2));
                        }
                    }
                }
            }
            assertThat(nodes).allSatisfy(node -> {
                assertThat(node.counters().framesReceived()).isPositive();
                assertThat(node.counters().corruptFrames()).isZero();
                assertThat(node.counters().duplicateFrames()).isZero();
                assertThat(node.counters().unauthenticatedFrames()).isZero();
                assertThat(node.counters().lostPeers()).isZero();
            });
        }
        assertThat(Cluster.exchangeThreads()).isEmpty();
    }
}
