package io.flm.exchange;

import com.typesafe.config.ConfigFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Nodes of one test, all in this JVM, each with its own transport on 127.0.0.1. */
final class Cluster implements AutoCloseable {
    static final long BOUND_S = 60;

    private final List<ExchangeNode> nodes = new ArrayList<>();
    private final ExecutorService trainers = Executors.newCachedThreadPool();
    private final String settings;

    /** @param settings HOCON below flm.exchange, over the defaults */
    Cluster(String settings) {
        this.settings = settings;
    }

    Cluster() {
        this("");
    }

    ExchangeNode open() throws ExchangeException {
        ExchangeNode node = ExchangeNode.open(settings());
        nodes.add(node);
        return node;
    }

    ExchangeSettings settings() {
        return ExchangeSettings.from(ConfigFactory.parseString("flm.exchange { " + settings + " }")
                .withFallback(ConfigFactory.parseResources("reference.conf"))
                .resolve());
    }

    List<ExchangeNode> open(int count) throws ExchangeException {
        List<ExchangeNode> opened = new ArrayList<>();
        for (int node = 0; node < count; node++) {
            opened.add(open());
        }
        return opened;
    }

    /** A group of {@code bounds.length - 1} ranks over nodes. */
    static GroupSpec spec(
            long generation, int segments, Codec codec, List<ExchangeNode> nodes, int[] nodeOfRank, int... bounds) {
        List<GroupSpec.Rank> members = new ArrayList<>();
        for (int rank = 0; rank < nodeOfRank.length; rank++) {
            members.add(new GroupSpec.Rank(new LaneRange(bounds[rank], bounds[rank + 1]), nodeOfRank[rank]));
        }
        return new GroupSpec(
                generation,
                segments,
                codec,
                members,
                nodes.stream().map(ExchangeNode::endpoint).toList(),
                List.of(),
                new byte[0]);
    }

    static GroupSpec encrypted(GroupSpec spec, byte[] key) {
        return new GroupSpec(
                spec.generation(), spec.segments(), spec.codec(), spec.ranks(), spec.endpoints(), spec.holders(), key);
    }

    static GroupSpec heldBy(GroupSpec spec, Integer... holders) {
        return new GroupSpec(
                spec.generation(),
                spec.segments(),
                spec.codec(),
                spec.ranks(),
                spec.endpoints(),
                List.of(holders),
                spec.key());
    }

    static List<Exchange> join(GroupSpec spec, List<ExchangeNode> nodes) throws ExchangeException {
        List<Exchange> members = new ArrayList<>();
        for (int rank = 0; rank < spec.worldSize(); rank++) {
            members.add(nodes.get(spec.ranks().get(rank).node()).join(spec, rank));
        }
        return members;
    }

    <T> Future<T> start(Callable<T> task) {
        return trainers.submit(task);
    }

    /** Runs one trainer a member, and gives their results by rank. */
    <T> List<T> all(List<Exchange> members, Trainer<T> trainer) throws Exception {
        List<Future<T>> running = new ArrayList<>();
        for (Exchange member : members) {
            running.add(start(() -> trainer.run(member)));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> result : running) {
            results.add(await(result));
        }
        return results;
    }

    static <T> T await(Future<T> future) throws Exception {
        try {
            return future.get(BOUND_S, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            Thread.getAllStackTraces().forEach((thread, trace) -> {
                if (thread.getName().startsWith("pool") || thread.getName().startsWith("exchange")) {
                    System.err.println(thread + " " + List.of(trace));
                }
            });
            throw e;
        }
    }

    /** The exception that a trainer ended with. */
    static ExchangeException failure(Future<?> trainer) throws Exception {
        try {
            trainer.get(BOUND_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ExchangeException failure) {
                return failure;
            }
            throw e;
        }
        throw new AssertionError("the trainer ended well");
    }

    interface Trainer<T> {
        T run(Exchange member) throws Exception;
    }

    /** The sums of all segments and the totals, as one member got them. */
    record Step(List<float[]> sums, StepTotals totals) {}

    static LaneTotals totals(int lane) {
        return new LaneTotals(
                lane, new long[] {lane, 1}, new double[] {0.1 * lane, 1e17 / (lane + 1)}, new long[] {1, 0}, 7, 2);
    }

    static List<LaneTotals> totals(LaneRange lanes) {
        List<LaneTotals> totals = new ArrayList<>();
        for (int lane = lanes.from(); lane < lanes.to(); lane++) {
            totals.add(totals(lane));
        }
        return totals;
    }

    /**
     * What a trainer does in a step: contributes from the last segment to the first, and has sums written over its partials.
     *
     * @param gradients by segment, then lane
     */
    static Step step(Exchange exchange, long step, List<List<float[]>> gradients, Codec codec, boolean stop)
            throws ExchangeException {
        int laneCount = gradients.get(0).size();
        List<LaneRange> subtrees = LaneTree.cover(exchange.lanes(), laneCount);
        Exchange.Reduction reduction = exchange.begin(step);
        List<List<Partial>> partials = new ArrayList<>();
        for (List<float[]> lanes : gradients) {
            partials.add(TreeSumTest.partials(subtrees, lanes, codec));
        }
        for (int segment = gradients.size() - 1; segment >= 0; segment--) {
            reduction.contribute(segment, partials.get(segment));
        }
        reduction.contribute(totals(exchange.lanes()), stop);
        List<float[]> sums = new ArrayList<>();
        for (int segment = 0; segment < gradients.size(); segment++) {
            FloatBuffer sum = partials.get(segment).get(0).values();
            reduction.await(segment, sum);
            float[] values = new float[sum.limit()];
            sum.get(0, values);
            sums.add(values);
        }
        return new Step(sums, reduction.awaitTotals());
    }

    static FloatBuffer direct(float[] values) {
        return ByteBuffer.allocateDirect(values.length * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(values)
                .flip();
    }

    static Set<String> exchangeThreads() {
        Set<String> names = new TreeSet<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("exchange")) {
                names.add(thread.getName());
            }
        }
        return names;
    }

    @Override
    public void close() {
        List<Future<?>> closing = new ArrayList<>();
        nodes.forEach(
                node -> closing.add(trainers.submit(node::close))); // together: each waits for the others to leave
        trainers.shutdown();
        try {
            for (Future<?> each : closing) {
                each.get(BOUND_S, TimeUnit.SECONDS);
            }
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("a node does not close", e);
        } finally {
            trainers.shutdownNow();
        }
    }
}
