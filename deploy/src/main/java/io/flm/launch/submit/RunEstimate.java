package io.flm.launch.submit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.UserException;
import io.flm.exchange.Codec;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.run.ExchangeNeed;
import io.flm.launch.run.FreeMemory;
import io.flm.launch.run.HeldOutShare;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.MetricsLog;
import io.flm.launch.run.RunFiles;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** What a run is going to take, known before anything of it is built: {@code flm pretrain --dry-run}. */
public final class RunEstimate {
    private static final double GIB = 1 << 30;
    private static final int FLOAT = 4;
    private static final int STATE = 3; // weights and two moments
    private static final int NEWEST_STEPS = 200; // whose times say how long the others take

    private final TrainSettings train;
    private final CheckpointSettings checkpoints;
    private final MemoryNeed need;
    private final FreeMemory memory;
    private final Path run;
    private final int nodes;
    private final Codec codec;
    private final long parameters;
    private final Optional<HeldOutShare> heldOut;
    private final DataSettings data;

    /**
     * An estimate.
     *
     * @param run the run's folder, which need not exist
     * @param layout of one machine; of a cluster, a node of one worker
     * @param heldOut of its own data; empty: nothing, or not known here
     */
    public RunEstimate(
            Config config, MemoryNeed.Layout layout, FreeMemory memory, Path run, Optional<HeldOutShare> heldOut) {
        this.train = TrainSettings.from(config);
        this.checkpoints = CheckpointSettings.from(config);
        this.need = new MemoryNeed(config, layout);
        this.memory = memory;
        this.run = run;
        this.heldOut = heldOut;
        this.data = DataSettings.from(config);
        this.nodes = layout.nodes();
        this.codec = NodeSettings.exchange(config).codec();
        this.parameters =
                ModelSettings.from(config).parameterCount(train.objective().parts());
    }

    /**
     * What is close: memory, and the disk for checkpoints.
     *
     * @throws UserException where the memory is too small
     */
    public List<String> check() {
        List<String> warnings = new ArrayList<>(need.check(memory).stream().toList());
        if (train.warmupSteps() > train.steps()) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the warm-up takes %,d steps and the run has %,d: it ends before its learning rate is reached; give more"
                            + " --steps, or lower flm.train.warmup-steps",
                    train.warmupSteps(),
                    train.steps()));
        }
        OptionalDouble free = freeDisk();
        if (free.isPresent() && diskBytes() > free.getAsDouble()) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "%s: checkpoints take up to %,.0f MB, and %,.0f are free; make room, or lower flm.checkpoint.keep (%d)",
                    run,
                    diskBytes() / 1e6,
                    free.getAsDouble() / 1e6,
                    checkpoints.keep()));
        }
        return warnings;
    }

    private double checkpointBytes() {
        return (double) STATE * FLOAT * parameters;
    }

    /** The newest ones, and the one that is being written; those that are kept for good beside them. */
    private double diskBytes() {
        double forGood = checkpoints.keepEvery() > 0 ? Math.floor(train.steps() / (double) checkpoints.keepEvery()) : 0;
        return (checkpoints.keep() + 1 + forGood) * checkpointBytes();
    }

    private OptionalDouble freeDisk() {
        try {
            Path there = run;
            while (there != null && !Files.exists(there)) {
                there = there.getParent();
            }
            return there == null
                    ? OptionalDouble.empty()
                    : OptionalDouble.of((double) Files.getFileStore(there).getUsableSpace());
        } catch (IOException e) {
            return OptionalDouble.empty();
        }
    }

    private double exchangeBytes() {
        return ExchangeNeed.bytes(train.lanes(), nodes, codec, (double) parameters);
    }

    /** Hours of the steps that are left, by the times of those that this run has done; empty: it has done none. */
    private OptionalDouble hours() {
        List<Double> seconds = new ArrayList<>();
        long last = -1;
        double lastSeconds = 0;
        try {
            Path metrics = RunFiles.metricsOf(run);
            List<String> lines = Files.exists(metrics) ? MetricsLog.lines(metrics) : List.of();
            for (String line : lines.subList(Math.max(0, lines.size() - NEWEST_STEPS), lines.size())) {
                JsonNode json = new ObjectMapper().readTree(line);
                double now = json.path("seconds").asDouble();
                if (last >= 0 && json.path("step").asLong() == last + 1 && now > lastSeconds) {
                    seconds.add(now - lastSeconds);
                }
                last = json.path("step").asLong();
                lastSeconds = now;
            }
        } catch (IOException e) {
            return OptionalDouble.empty(); // a line that was cut
        }
        if (seconds.isEmpty()) {
            return OptionalDouble.empty();
        }
        seconds.sort(null);
        double median = seconds.get(seconds.size() / 2);
        return OptionalDouble.of(Math.max(0, train.steps() - (last + 1)) * median / 3600);
    }

    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("parameters", parameters);
        map.put("memoryBytes", whole(need.ofMachine()));
        map.put("decodingMostBytes", (long) need.decoding());
        map.put("freeMemoryBytes", (long) memory.bytes());
        if (!need.ofCard().isEmpty()) {
            map.put("cudaMemoryBytes", whole(need.ofCard()));
        }
        map.put("checkpointBytes", (long) checkpointBytes());
        map.put("checkpointsBytes", (long) diskBytes());
        OptionalDouble free = freeDisk();
        map.put("freeDiskBytes", free.isPresent() ? (long) free.getAsDouble() : null);
        map.put("exchangeBytesPerStep", (long) exchangeBytes());
        map.put("samples", (long) samples());
        if (data.isMixture()) {
            map.put("sources", data.shares());
        }
        map.put("heldOut", heldOut.map(HeldOutShare::heldOut).orElse(null));
        OptionalDouble hours = hours();
        map.put("hours", hours.isPresent() ? hours.getAsDouble() : null);
        return map;
    }

    private static Map<String, Object> whole(Map<String, Double> parts) {
        Map<String, Object> whole = new LinkedHashMap<>();
        parts.forEach((part, bytes) -> whole.put(part, bytes.longValue()));
        whole.put("sum", (long) MemoryNeed.sum(parts));
        return whole;
    }

    private double samples() {
        return (double) train.steps() * train.lanes() * train.microBatch();
    }

    /** @param measure a command that measures the time of a step */
    public String text(String measure) {
        StringBuilder text = new StringBuilder();
        line(text, "parameters", String.format(Locale.ROOT, "%,d", parameters));
        memory(text, "memory", need.ofMachine());
        line(
                text,
                "",
                String.format(
                        Locale.ROOT,
                        "and up to %.2f GiB while large pictures are decoded (flm.data.picture-memory, decode-threads)",
                        need.decoding() / GIB));
        line(text, "", String.format(Locale.ROOT, "%s %.1f GiB", memory.limit(), memory.bytes() / GIB));
        if (!need.ofCard().isEmpty()) {
            memory(text, "of each card", need.ofCard());
            line(text, "", "computed as for CPUs; not measured on CUDA devices");
        }
        line(
                text,
                "checkpoints",
                String.format(
                        Locale.ROOT,
                        "%.2f GiB each, %.2f for all that are there at a time; free: %s",
                        checkpointBytes() / GIB,
                        diskBytes() / GIB,
                        freeDisk().isPresent()
                                ? String.format(
                                        Locale.ROOT, "%.1f GiB", freeDisk().getAsDouble() / GIB)
                                : "not known"));
        line(
                text,
                "exchange",
                nodes == 1
                        ? "none between nodes"
                        : String.format(Locale.ROOT, "each node sends %.1f MB a step", exchangeBytes() / 1e6));
        line(text, "samples", String.format(Locale.ROOT, "%,.0f in %,d steps", samples(), train.steps()));
        if (data.isMixture()) {
            data.shares()
                    .forEach((source, share) -> line(
                            text,
                            "",
                            String.format(
                                    Locale.ROOT,
                                    "%,.0f of source %s, %.2f %%",
                                    share * samples(),
                                    source,
                                    100 * share)));
        }
        heldOut.ifPresent(share -> line(text, "held out", share.sentence()));
        OptionalDouble hours = hours();
        line(
                text,
                "hours",
                hours.isPresent()
                        ? String.format(
                                Locale.ROOT, "%.1f left, by the steps that this run has done", hours.getAsDouble())
                        : "not known before steps are done; measure some:");
        if (hours.isEmpty()) {
            text.append(measure).append(System.lineSeparator());
        }
        return text.toString();
    }

    private static void memory(StringBuilder text, String name, Map<String, Double> parts) {
        line(text, name, String.format(Locale.ROOT, "about %.2f GiB", MemoryNeed.sum(parts) / GIB));
        parts.forEach((part, bytes) -> line(text, "", String.format(Locale.ROOT, "%8.2f %s", bytes / GIB, part)));
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(String.format(Locale.ROOT, "%-13s%s%n", name, value));
    }
}
