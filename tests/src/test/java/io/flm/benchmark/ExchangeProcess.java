package io.flm.benchmark;

import com.typesafe.config.ConfigFactory;
import io.flm.exchange.Codec;
import io.flm.exchange.Exchange;
import io.flm.exchange.ExchangeException;
import io.flm.exchange.ExchangeNode;
import io.flm.exchange.ExchangeSettings;
import io.flm.exchange.GroupSpec;
import io.flm.exchange.LaneRange;
import io.flm.exchange.LaneTotals;
import io.flm.exchange.Partial;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/**
 * One process of the all-reduce benchmark over this program's exchange, one lane each. Processes find each other by files in a
 * folder; rank 0 prints a line of JSON for each size.
 *
 * <pre>
 *   RANK PROCESSES FOLDER CODEC MEGABYTES...
 * </pre>
 */
public final class ExchangeProcess {
    // The same in exchange/all_reduce.c and exchange/gloo_all_reduce.py.
    private static final int WARM_UP_COUNT = 800;
    private static final double WARM_UP_MEGABYTES = 4;
    private static final double MEASURED_MEGABYTES = 1200;
    private static final int FEWEST = 7;
    private static final int MOST = 60;

    private final Exchange exchange;
    private final int processes;
    private final Codec codec;
    private final FloatBuffer values;
    private final float[] block;
    private long step;

    private ExchangeProcess(Exchange exchange, int processes, Codec codec, double megabytes) {
        this.exchange = exchange;
        this.processes = processes;
        this.codec = codec;
        int size = (int) (megabytes * 1e6 / Float.BYTES);
        values = ByteBuffer.allocateDirect(size * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        block = new float[size];
    }

    public static void main(String[] arguments) throws IOException, ExchangeException {
        int rank = Integer.parseInt(arguments[0]);
        int processes = Integer.parseInt(arguments[1]);
        Codec codec = Codec.of(arguments[3]);
        try (ExchangeNode node = ExchangeNode.open(ExchangeSettings.from(ConfigFactory.load()))) {
            List<String> endpoints = meet(Path.of(arguments[2]), rank, processes, node.endpoint());
            warmUp(join(node, 0, rank, codec, endpoints), processes, codec);
            for (int index = 4; index < arguments.length; index++) {
                double megabytes = Double.parseDouble(arguments[index]);
                int count = (int) Math.max(FEWEST, Math.min(MOST, MEASURED_MEGABYTES / megabytes));
                double[] seconds =
                        measure(join(node, index, rank, codec, endpoints), processes, codec, megabytes, count);
                if (rank == 0) {
                    System.out.printf(
                            Locale.ROOT,
                            "{\"megabytes\": %s, \"medianMs\": %.3f, \"bestMs\": %.3f}%n",
                            arguments[index],
                            seconds[count / 2] * 1e3,
                            seconds[0] * 1e3);
                }
            }
        }
    }

    private static List<String> meet(Path folder, int rank, int processes, String endpoint) throws IOException {
        Path part = Files.writeString(folder.resolve("part-" + rank), endpoint);
        Files.move(part, folder.resolve("endpoint-" + rank));
        List<String> endpoints = new ArrayList<>();
        for (int each = 0; each < processes; each++) {
            Path file = folder.resolve("endpoint-" + each);
            while (!Files.exists(file)) {
                LockSupport.parkNanos(10_000_000);
            }
            endpoints.add(Files.readString(file));
        }
        return endpoints;
    }

    private static Exchange join(ExchangeNode node, long generation, int rank, Codec codec, List<String> endpoints)
            throws ExchangeException {
        List<GroupSpec.Rank> members = new ArrayList<>();
        for (int each = 0; each < endpoints.size(); each++) {
            members.add(new GroupSpec.Rank(new LaneRange(each, each + 1), each));
        }
        return node.join(new GroupSpec(generation, 1, codec, members, endpoints, List.of(), new byte[0]), rank);
    }

    private static void warmUp(Exchange exchange, int processes, Codec codec) throws ExchangeException {
        try (exchange) {
            ExchangeProcess process = new ExchangeProcess(exchange, processes, codec, WARM_UP_MEGABYTES);
            for (int turn = 0; turn < WARM_UP_COUNT; turn++) {
                process.reduce(process.values);
            }
        }
    }

    /** The times of all reductions but the first third as many, in ascending order. */
    private static double[] measure(Exchange exchange, int processes, Codec codec, double megabytes, int count)
            throws ExchangeException {
        try (exchange) {
            ExchangeProcess process = new ExchangeProcess(exchange, processes, codec, megabytes);
            double[] seconds = new double[count];
            for (int turn = -Math.max(3, count / 3); turn < count; turn++) {
                double taken = process.reduce();
                if (turn >= 0) {
                    seconds[turn] = taken;
                }
            }
            Arrays.sort(seconds);
            return seconds;
        }
    }

    private double reduce() throws ExchangeException {
        for (int index = 0; index < block.length; index++) {
            block[index] = index % 97 + exchange.rank();
        }
        values.put(0, block);
        reduce(values.slice(0, 0)); // a barrier
        long begin = System.nanoTime();
        reduce(values);
        double seconds = (System.nanoTime() - begin) / 1e9;
        values.get(0, block);
        for (int index = 0; index < block.length; index++) {
            float sum = processes * (index % 97) + processes * (processes - 1) / 2f;
            if (codec == Codec.FP32 && block[index] != sum) {
                throw new IllegalStateException("value " + index + " is " + block[index] + ", not " + sum);
            }
        }
        return seconds;
    }

    private void reduce(FloatBuffer of) throws ExchangeException {
        Exchange.Reduction reduction = exchange.begin(step++);
        reduction.contribute(0, List.of(new Partial(exchange.lanes(), of)));
        LaneTotals totals = new LaneTotals(exchange.rank(), new long[] {1}, new double[] {1}, new long[] {1}, 1, 1);
        reduction.contribute(List.of(totals), false);
        reduction.await(0, of);
        reduction.awaitTotals();
    }
}
