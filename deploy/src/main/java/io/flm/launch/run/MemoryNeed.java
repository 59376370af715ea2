package io.flm.launch.run;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.Pictures;
import io.flm.data.UserException;
import io.flm.exchange.LaneRange;
import io.flm.exchange.LaneTree;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.StepMemory;
import io.flm.worker.objective.Head;
import io.flm.worker.train.TrainSettings;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * About how much memory a run takes on one machine at its worst moment, so that what cannot fit is refused before anything is
 * built instead of being killed on the way. A test holds the sum against the peaks of real processes on CPUs; on CUDA devices it
 * was not measured.
 *
 * <p>What decoding takes is not in the sum: small pictures take next to nothing of what large ones may, and nobody knows before they
 * are read. {@link #decoding} tells the bound beside it.
 *
 * <p>The figures are doubles: what a typing error asks for may not fit a long.
 */
public final class MemoryNeed {
    private static final int FLOAT = 4;
    private static final double MIB = 1 << 20;
    private static final double GIB = 1 << 30;

    /** Weights and two moments, of a worker and of the copy that a checkpoint is written from. */
    private static final int STATE = 3;

    /** The allocator's and the kernels' temporary buffers, as measured: a share of what backward keeps, and something always. */
    private static final double PASSING = 1.4;

    private static final double PASSING_RECOMPUTED = 1.7;

    private static final double WORKER = 40 * MIB;

    /** Classes, compiled code, PyTorch's libraries and what a run without data has in its heap, as measured. */
    private static final double PROGRAM = 400 * MIB;

    /** A driver of other processes computes nothing. */
    private static final double DRIVER = 250 * MIB;

    /** Buffers of a node's transport: flm.exchange.directory is memory. */
    private static final double TRANSPORT = 64 * MIB;

    /** An estimate that is over by so much is not trusted to refuse a run, one that is under by so much not to allow it unsaid. */
    private static final double REFUSED = 1.1;

    private static final double WARNED = 0.85;

    /** Above, lanes are not counted one by one. */
    private static final int MOST_LANES = 1 << 12;

    /**
     * How a run is spread over one machine.
     *
     * @param nodes processes of it
     * @param workers of a node
     * @param lanes of a worker; of one that may get more or fewer, those that are certain
     * @param driven whether another process drives the nodes
     * @param cuda whether workers compute on CUDA devices
     */
    public record Layout(int nodes, int workers, int lanes, boolean driven, boolean cuda) {
        /** Where lanes are dealt to all workers of the run. */
        public static Layout of(Config config, int nodes, int workers, boolean driven, boolean cuda) {
            int lanes = TrainSettings.from(config).lanes();
            int busy = (int) Math.min((long) nodes * workers, lanes);
            return new Layout(nodes, workers, (lanes + busy - 1) / busy, driven, cuda);
        }
    }

    private final TrainSettings train;
    private final ModelSettings model;
    private final DataSettings data;
    private final Layout layout;
    private final double parameters;

    public MemoryNeed(Config config, Layout layout) {
        this.train = TrainSettings.from(config);
        this.model = ModelSettings.from(config);
        this.data = DataSettings.from(config);
        this.layout = layout;
        this.parameters = model.parameterCount(train.objective().parts());
    }

    /** Workers that get lanes. */
    private int busy() {
        return (int) Math.min((long) layout.nodes() * layout.workers(), train.lanes());
    }

    /** What the workers' devices hold: the machine's memory on CPUs, each card's own for CUDA. */
    private Map<String, Double> ofWorkers(int workers) {
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("parameters and moments", workers * STATE * FLOAT * parameters);
        parts.put("gradients of lanes", workers * gradientBuffers() * FLOAT * parameters);
        double step = StepMemory.peakBytes(
                model,
                new StepMemory.Work(
                        train.objective().parts(),
                        train.precision(),
                        train.recompute(),
                        pictures(),
                        train.objective().rowsPerText() * train.microBatch(),
                        data.maxTokens(),
                        predictions()));
        parts.put("activations", workers * ((train.recompute() ? PASSING_RECOMPUTED : PASSING) * step + WORKER));
        return parts;
    }

    /** Of a lane. */
    private int pictures() {
        return (int) Math.min(Integer.MAX_VALUE, (long) train.objective().picturesPerSample() * train.microBatch());
    }

    /** Tokens that all heads predict of a lane, the longest texts. */
    private double predictions() {
        long heads = train.objective().heads().stream()
                .filter(head -> head.predicts() == Head.Predicts.TOKEN)
                .count();
        return heads * train.objective().predictionRate() * train.microBatch() * (data.maxTokens() - 1.0);
    }

    /** The most sums of lanes that a worker holds at a time, with that of the lane at hand. */
    private double gradientBuffers() {
        if (layout.lanes() > MOST_LANES) {
            return 2 + Math.log(layout.lanes()) / Math.log(2);
        }
        int most = 1;
        for (int lane = 1; lane < layout.lanes(); lane++) {
            most = Math.max(
                    most,
                    1 + LaneTree.cover(new LaneRange(0, lane), train.lanes()).size());
        }
        return most;
    }

    /** What the machine holds, by part, bytes. */
    public Map<String, Double> ofMachine() {
        Map<String, Double> parts = new LinkedHashMap<>();
        if (layout.cuda()) {
            parts.put("gradients on their way", busy() * FLOAT * parameters);
        } else {
            parts.putAll(ofWorkers(busy()));
        }
        parts.put("copies for checkpoints", layout.nodes() * STATE * FLOAT * parameters);
        double batch = 3.0 * model.imageSize() * model.imageSize() * pictures();
        double ahead = (double) data.prefetch() * train.lanes() + busy() * (4.0 + 2 * data.decodeThreads());
        parts.put("batches", ahead * batch);
        parts.put("kept pictures and texts", layout.nodes() * 1.25 * data.cacheBytes());
        double heap = Runtime.getRuntime().totalMemory() / 3.0; // what a young generation fills before it is collected
        parts.put(
                "program",
                layout.nodes() * (PROGRAM + heap + (layout.driven() ? TRANSPORT : 0))
                        + (layout.driven() ? DRIVER + heap : 0));
        return parts;
    }

    /** The most that the machine holds beside {@link #ofMachine} while the largest pictures that are allowed are decoded. */
    public double decoding() {
        return layout.nodes() * Pictures.mostBytes(data.pictures(), data.decodeThreads());
    }

    /** What one CUDA device holds, by part, bytes; empty where none computes. */
    public Map<String, Double> ofCard() {
        return layout.cuda() ? ofWorkers(1) : Map.of();
    }

    public static double sum(Map<String, Double> parts) {
        return parts.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    double bytes() {
        return sum(ofMachine());
    }

    /**
     * A warning where it is close.
     *
     * @throws UserException where it does not fit
     */
    public Optional<String> check(FreeMemory free) {
        Map<String, Double> parts = ofMachine();
        double needed = sum(parts);
        if (needed <= WARNED * free.bytes()) {
            return Optional.empty();
        }
        String line = String.format(
                Locale.ROOT,
                "the run takes about %.1f GiB of memory (%s), and %s %.1f; %s",
                needed / GIB,
                text(parts),
                free.limit(),
                free.bytes() / GIB,
                advice(needed));
        if (needed > REFUSED * free.bytes()) {
            throw new UserException(line);
        }
        return Optional.of(line);
    }

    private static String text(Map<String, Double> parts) {
        return parts.entrySet().stream()
                .filter(part -> part.getValue() >= GIB / 20)
                .map(part -> String.format(Locale.ROOT, "%s %.1f", part.getKey(), part.getValue() / GIB))
                .reduce((a, b) -> a + ", " + b)
                .orElse("");
    }

    private String advice(double needed) {
        String advice = busy() > 1 ? "give fewer --workers or --nodes (now " + busy() + " workers), a" : "give a";
        advice += " smaller flm.train.micro-batch (" + train.microBatch() + ") or flm.data.max-tokens ("
                + data.maxTokens() + ")";
        if (layout.nodes() * 1.25 * data.cacheBytes() > needed / 10) {
            advice += ", a smaller flm.data.cache-size";
        }
        return advice + (train.recompute() ? "" : ", flm.train.recompute = on") + ", or a smaller model";
    }
}
