package io.flm.launch.plan;

import com.typesafe.config.Config;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.run.ExchangeNeed;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.StepFlops;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Objective;
import io.flm.worker.train.TrainSettings;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How long a run takes on nodes of so many devices, and what it needs there: computed from rates. A step computes, then adds its
 * gradients up: in the memory of each node, then over the network. How much of that is hidden behind backward is not known before it is
 * measured, so the time is a range: as much as goes, or nothing.
 *
 * <p>Left out are evaluation, checkpoints, failures ({@code flm simulate --mtbf} plans these).
 */
public final class TrainingPlan {
    private static final double FLOAT = 4;
    private static final double ROUNDING = 1e-9; // of a core
    private static final double STATE = 3; // weights and two moments

    /**
     * What the configuration does not say.
     *
     * @param samples of the data
     * @param devices of a node
     * @param cores of a node that decode; empty: as many as are needed
     * @param device how fast it computes
     * @param decode pictures a second that a core decodes and augments
     * @param network bytes a second that a node sends, while it receives as many
     * @param memory bytes of gradients a second that a node adds up of its own devices
     * @param tokens of a text, special ones included
     * @param sampleBytes of a sample's files
     */
    public record Given(
            double samples,
            int nodes,
            int devices,
            OptionalInt cores,
            Rates.Device device,
            Rate decode,
            Rate network,
            Rate memory,
            Rate tokens,
            Rate sampleBytes) {}

    private final TrainSettings train;
    private final CheckpointSettings checkpoints;
    private final Given given;
    private final double parameters;
    private final double batch;
    private final double flopSample;
    private final long workers;
    private final long lanesEach;
    private final double busiest; // samples of the node with the most lanes
    private final double decoded; // pictures of these
    private final double computeSeconds;
    private final double decodeSeconds; // 0: as many cores as are needed
    private final double addedBytes; // of a node's own devices
    private final double sentBytes; // of a node
    private final double addSeconds;
    private final double sendSeconds;

    public TrainingPlan(Config config, Given given) {
        this.given = given;
        train = TrainSettings.from(config);
        checkpoints = CheckpointSettings.from(config);
        ModelSettings model = ModelSettings.from(config);
        parameters = model.parameterCount(train.objective().parts());
        batch = (double) train.lanes() * train.microBatch();
        flopSample = flop(model, train.objective(), config.getBoolean("flm.data.begin-token") ? 2 : 1);
        workers = Math.min((long) given.nodes() * given.devices(), train.lanes());
        lanesEach = (train.lanes() + workers - 1) / workers;
        double laneSeconds = given.device().laneSeconds().value()
                + train.microBatch() * flopSample / given.device().flops().value();
        computeSeconds = lanesEach * laneSeconds;
        long busyNodes = Math.min(given.nodes(), workers);
        long busyDevices = (workers + busyNodes - 1) / busyNodes;
        busiest = (double) Math.min(train.lanes(), busyDevices * lanesEach) * train.microBatch();
        decoded = busiest * train.objective().picturesPerSample();
        decodeSeconds = given.cores().isPresent()
                ? decoded / (given.cores().getAsInt() * given.decode().value())
                : 0;
        addedBytes = busyDevices > 1 ? busyDevices * FLOAT * parameters : 0;
        sentBytes = ExchangeNeed.bytes(
                train.lanes(), (int) busyNodes, NodeSettings.exchange(config).codec(), parameters);
        addSeconds = addedBytes / given.memory().value();
        sendSeconds = sentBytes / given.network().value();
    }

    /** Forward and backward of a sample. */
    private double flop(ModelSettings model, Objective objective, int firstWord) {
        double predictable = given.tokens().value() - firstWord;
        long heads = objective.heads().stream()
                .filter(head -> head.predicts() == Head.Predicts.TOKEN)
                .count();
        return StepFlops.of(
                model,
                new StepFlops.Work(
                        objective.parts().reconstructor(),
                        objective.picturesPerSample(),
                        objective.rowsPerText(),
                        given.tokens().value(),
                        Math.max(0, heads * predictable * objective.predictionRate()),
                        objective.parts().classifiers(),
                        objective.classRowsPerText()));
    }

    private double exchangeSeconds() {
        return addSeconds + sendSeconds;
    }

    /** Of a step whose exchange goes on beside all else. */
    public double leastSeconds() {
        return Math.max(Math.max(computeSeconds, decodeSeconds), exchangeSeconds());
    }

    /** Of a step whose exchange begins when all else is done. */
    public double mostSeconds() {
        return Math.max(computeSeconds, decodeSeconds) + exchangeSeconds();
    }

    private double hours(double stepSeconds) {
        return train.steps() * stepSeconds / 3600;
    }

    /** Pictures that the busiest node decodes in a second so that no step waits for them, however many cores there are. */
    private double decodedEach() {
        return decoded / Math.max(computeSeconds, exchangeSeconds());
    }

    private double coresEach() {
        return Math.ceil(decodedEach() / given.decode().value() - ROUNDING);
    }

    private double readEach() {
        return busiest / leastSeconds() * given.sampleBytes().value();
    }

    private double readInAll() {
        return train.steps() * busiest * given.sampleBytes().value();
    }

    private double epochs() {
        return train.steps() * batch / given.samples();
    }

    /** Of all samples; a node's cache that spares it all but the first reads of them has as many, since each epoch deals them anew. */
    private double dataBytes() {
        return given.samples() * given.sampleBytes().value();
    }

    private double checkpointBytes() {
        return STATE * FLOAT * parameters;
    }

    private double checkpointsKept() {
        double forGood = checkpoints.keepEvery() > 0 ? Math.floor(train.steps() / (double) checkpoints.keepEvery()) : 0;
        return checkpoints.keep() + forGood + checkpoints.keepAt().size();
    }

    private long idleDevices() {
        return (long) given.nodes() * given.devices() - workers;
    }

    /** All figures, in units of seconds, bytes and samples. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("parameters", (long) parameters);
        map.put("flopPerSample", flopSample);
        map.put("steps", train.steps());
        map.put("samplesPerStep", (long) batch);
        map.put("epochs", epochs());
        map.put("workers", workers);
        map.put("idleDevices", idleDevices());
        map.put("lanesPerWorker", lanesEach);
        map.put("computeSeconds", computeSeconds);
        map.put("decodeSeconds", given.cores().isPresent() ? decodeSeconds : null);
        map.put("addSeconds", addSeconds);
        map.put("sendSeconds", sendSeconds);
        map.put("leastStepSeconds", leastSeconds());
        map.put("mostStepSeconds", mostSeconds());
        map.put("leastHours", hours(leastSeconds()));
        map.put("mostHours", hours(mostSeconds()));
        map.put("decodedPerNodePerSecond", decodedEach());
        map.put("coresPerNode", coresEach());
        map.put("addedBytesPerStep", addedBytes);
        map.put("sentBytesPerStep", sentBytes);
        map.put("dataBytes", dataBytes());
        map.put("cacheBytesPerNode", dataBytes());
        map.put("readBytesPerNodePerSecond", readEach());
        map.put("readBytesPerNode", readInAll());
        map.put("checkpointBytes", checkpointBytes());
        map.put("checkpointsBytes", (checkpointsKept() + 1) * checkpointBytes());
        Map<String, Object> rates = new LinkedHashMap<>();
        rates().forEach((name, rate) -> rates.put(name, Map.of("value", rate.value(), "source", rate.source())));
        map.put("rates", rates);
        return map;
    }

    private Map<String, Rate> rates() {
        Map<String, Rate> rates = new LinkedHashMap<>();
        rates.put("flopPerDevicePerSecond", given.device().flops());
        rates.put("secondsPerLane", given.device().laneSeconds());
        rates.put("decodedPerCorePerSecond", given.decode());
        rates.put("networkBytesPerSecond", given.network());
        rates.put("memoryBytesPerSecond", given.memory());
        rates.put("tokensPerText", given.tokens());
        rates.put("sampleBytes", given.sampleBytes());
        return rates;
    }

    /** For people. */
    public String text() {
        StringBuilder text = new StringBuilder();
        line(
                text,
                "model",
                "%.1f M parameters, %.1f GFLOP forward and backward of a sample",
                parameters / 1e6,
                flopSample / 1e9);
        line(
                text,
                "training",
                "%,d steps of %,.0f samples: %.1f epochs of %,.0f",
                train.steps(),
                batch,
                epochs(),
                given.samples());
        line(
                text,
                "compute",
                "%,d worker(s), %,d lane(s) each: %.3f s a step, %,.0f samples/s in all%s",
                workers,
                lanesEach,
                computeSeconds,
                batch / computeSeconds,
                idleDevices() > 0
                        ? String.format(
                                Locale.ROOT,
                                "; %,d devices are idle: there are %,d lanes",
                                idleDevices(),
                                train.lanes())
                        : "");
        line(
                text,
                "decoding",
                "%,.0f pictures/s on each node: %,.0f cores%s",
                decodedEach(),
                coresEach(),
                given.cores().isPresent()
                        ? String.format(
                                Locale.ROOT,
                                ", of %,d that there are: %.3f s a step",
                                given.cores().getAsInt(),
                                decodeSeconds)
                        : "");
        line(
                text,
                "exchange",
                "%s, %s",
                addedBytes == 0
                        ? "nothing to add within a node"
                        : String.format(
                                Locale.ROOT,
                                "each node adds %s GB of its devices: %.3f s",
                                figure(2, addedBytes / 1e9),
                                addSeconds),
                sentBytes == 0
                        ? "nothing to send"
                        : String.format(
                                Locale.ROOT,
                                "and sends %s GB to others: %.3f s",
                                figure(2, sentBytes / 1e9),
                                sendSeconds));
        line(
                text,
                "step",
                "%.3f s where the exchange goes on beside all else, %.3f s where it follows",
                leastSeconds(),
                mostSeconds());
        line(text, "time", "%s to %s", duration(leastSeconds()), duration(mostSeconds()));
        line(
                text,
                "data",
                "%s GB; each node reads %s MB/s, %s GB in all",
                figure(0, dataBytes() / 1e9),
                figure(0, readEach() / 1e6),
                figure(0, readInAll() / 1e9));
        line(
                text,
                "cache",
                "%s GB of each node's disk keep all data, so that each byte is fetched once; less keeps a part of them"
                        + " (flm.data.remote.cache-size)",
                figure(0, dataBytes() / 1e9));
        line(
                text,
                "checkpoints",
                "%s GB each, up to %s GB at a time",
                figure(2, checkpointBytes() / 1e9),
                figure(1, (checkpointsKept() + 1) * checkpointBytes() / 1e9));
        text.append(String.format(Locale.ROOT, "%nby these rates%n"));
        rate(text, "device", 1, "TFLOP/s", given.device().flops(), 1e12);
        rate(text, "lane", 0, "ms", given.device().laneSeconds(), 1e-3);
        rate(text, "decoding", 0, "pictures/s a core", given.decode(), 1);
        rate(text, "network", 1, "Gbit/s a node", given.network(), 1e9 / 8);
        rate(text, "memory", 1, "GB/s of gradients a node", given.memory(), 1e9);
        rate(text, "text", 1, "tokens", given.tokens(), 1);
        rate(text, "sample", 1, "kB", given.sampleBytes(), 1e3);
        return text.toString();
    }

    /** Of the run. */
    private String duration(double stepSeconds) {
        double hours = hours(stepSeconds);
        return hours < 2
                ? String.format(Locale.ROOT, "%.1f minutes", 60 * hours)
                : String.format(Locale.ROOT, "%,.1f hours", hours);
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-13s", name))
                .append(String.format(Locale.ROOT, format, values))
                .append(System.lineSeparator());
    }

    private static void rate(StringBuilder text, String name, int digits, String of, Rate rate, double unit) {
        line(text, "  " + name, "%-32s%s", figure(digits, rate.value() / unit) + " " + of, rate.source());
    }

    /** With so many digits behind the point; one too small for these with two that count. */
    private static String figure(int digits, double value) {
        boolean tiny = value > 0 && value < 0.5 * Math.pow(10, -digits);
        return String.format(Locale.ROOT, tiny ? "%.2g" : "%,." + digits + "f", value);
    }
}
