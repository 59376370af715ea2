package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.Dataset;
import io.flm.data.FileErrors;
import io.flm.data.PictureSettings;
import io.flm.data.PlainText;
import io.flm.data.RemotePath;
import io.flm.data.RemoteSettings;
import io.flm.data.SourceSettings;
import io.flm.data.Split;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.data.pack.Pack;
import io.flm.data.pack.Pack.Progress;
import io.flm.data.pack.PackResult;
import io.flm.data.pack.PackSettings;
import io.flm.data.parquet.ParquetColumns;
import io.flm.data.source.Sources;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Interrupts;
import io.flm.launch.console.Interrupts.Signal;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.launch.files.PlainFile;
import io.flm.launch.html.PackPage;
import io.flm.launch.report.PackedSamples;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm data pack}: samples of any source as shards. */
@Command(
        name = "pack",
        description =
                "Writes samples of any source as shards with their tables of contents; resized, filtered and without"
                        + " duplicates where that is asked for. The same command goes on with what was interrupted.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DataPackCommand implements Callable<Integer> {
    private static final String PAGE = "statistics.html";
    private static final double MEGABYTE = 1e6;

    private final Environment environment;

    @Mixin
    private final ConfigOptions configuration = new ConfigOptions();

    @Mixin
    private final PackOptions options = new PackOptions();

    @Parameters(
            paramLabel = "PATH",
            arity = "0..*",
            description =
                    "tar, tar.gz, arrow, parquet, a folder of them, a tar's https:// or s3:// address, s3://bucket/prefix/,"
                            + " 'a-{000..123}.tar', a .list of them, or captions (json, csv, tsv) and where their pictures are;"
                            + " without any: the training data of the configuration.")
    private List<Path> paths = List.of();

    @Option(names = "--out", paramLabel = "FOLDER", required = true, description = "The folder of the shards.")
    private Path out = Path.of("");

    @Option(names = "--scored", description = "Of captions that name splits, takes those to score on.")
    private boolean scored;

    @Option(
            names = "--column",
            paramLabel = "NAME=COLUMN",
            description = "Of Parquet files: which column is image, caption or key.")
    private Map<String, String> columns = Map.of();

    @Option(names = "--threads", paramLabel = "N", description = "Pictures that are decoded at a time (all cores).")
    private @Nullable Integer threads;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    private long beganAt;
    private long shownAt;

    DataPackCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (count < 1 || count > 1024) {
            throw new UserException("--threads " + count + ": give a number from 1 to 1024");
        }
        if (RemotePath.isRemote(out)) {
            throw new UserException(
                    RemotePath.shown(out) + ": shards are packed into a folder of this machine; give it with --out");
        }
        Config config = configuration.layersOf(paths, environment).build().config();
        PackSettings settings = options.settings(PictureSettings.from(config));
        Path folder = environment.resolve(out);
        try (Dataset source = open(config);
                Pack pack = Pack.open(source, settings, folder, Math.max(count, source.parallelReads()))) {
            if (pack.earlier() > 0) {
                environment.say(String.format(
                        Locale.ROOT, "%s: goes on behind %,d of %,d samples", folder, pack.earlier(), source.size()));
            }
            return packed(pack, source, settings, folder);
        }
    }

    private Dataset open(Config config) {
        for (String name : columns.keySet()) {
            if (!ParquetColumns.NAMES.contains(name)) {
                throw new UserException("--column " + name + ": no such column is read; name one of "
                        + String.join(", ", ParquetColumns.NAMES) + ", such as --column caption=text");
            }
        }
        if (!SourceSettings.names(config).isEmpty()) {
            throw new UserException(SourceSettings.GROUP + ": sources are packed one by one; name one's paths");
        }
        return Sources.open(
                SourceSettings.paths(config),
                scored ? Split.SCORED : Split.ALL,
                RemoteSettings.from(config),
                ParquetColumns.USUAL.with(columns));
    }

    private int packed(Pack pack, Dataset source, PackSettings settings, Path folder) {
        PackResult result;
        Thread packing = Thread.currentThread();
        Interrupts interrupts = Interrupts.on(environment.nanoTime(), signal -> packing.interrupt());
        beganAt = environment.nanoTime().getAsLong();
        Progress[] last = {new Progress(pack.earlier(), pack.earlier(), source.size(), 0, 0, 0, 0)};
        try (Waiting waiting = Waiting.shown(environment.screen(), "packing")) {
            result = pack.run(progress -> {
                last[0] = progress;
                show(progress, waiting);
            });
            waiting.on("writing " + PAGE);
            write(folder.resolve(PAGE), page(result, source, settings, folder));
        } catch (UncheckedIOException e) {
            IOException cause = e.getCause();
            return stopped(folder, cause == null ? new IOException(e) : cause, interrupts);
        } catch (IOException e) {
            return stopped(folder, e, interrupts);
        }
        environment.say("page: " + folder.resolve(PAGE));
        Duration took = Duration.ofNanos(environment.nanoTime().getAsLong() - beganAt);
        environment
                .out()
                .print(
                        json
                                ? Json.line(map(result, last[0], took, folder)) + System.lineSeparator()
                                : render(result, last[0], took, folder));
        if (result.samples() == 0) {
            environment.say("no sample is left to pack; " + folder.resolve("left-out.jsonl") + " says why");
        }
        return result.samples() == 0 ? Failure.FAILED : Failure.OK;
    }

    private int stopped(Path folder, IOException e, Interrupts interrupts) {
        Optional<Signal> asked = interrupts.asked();
        if (asked.isPresent()) {
            environment.say(asked.get().shown() + ": packing into " + folder
                    + " stopped; the same command goes on behind the last whole shard");
            return asked.get().exitCode();
        }
        String full = WriteErrors.full(e);
        environment.say(folder + ": packing stopped (" + (full == null ? FileErrors.reason(e) : full + "; make room")
                + "); the same command goes on from there");
        return Failure.FAILED;
    }

    /** Ten times a second: a line costs more than a small sample. */
    private void show(Progress progress, Waiting waiting) {
        long now = environment.nanoTime().getAsLong();
        if (now - shownAt >= Duration.ofMillis(100).toNanos()) {
            shownAt = now;
            double seconds = Math.max(1e-3, (now - beganAt) / 1e9);
            double rate = (progress.read() - progress.earlier()) / seconds;
            waiting.on(String.format(
                    Locale.ROOT,
                    "packing: %,d of %,d samples, %,d left out, %,d shards; %,.0f samples/s, %,.1f MB/s read, %,.1f MB/s written; %s left",
                    progress.read(),
                    progress.source(),
                    progress.read() - progress.earlier() - progress.written(),
                    progress.shards(),
                    rate,
                    progress.readBytes() / seconds / MEGABYTE,
                    progress.writtenBytes() / seconds / MEGABYTE,
                    shown(Duration.ofSeconds((long) ((progress.source() - progress.read()) / Math.max(1e-3, rate))))));
        }
    }

    private static String shown(Duration time) {
        return time.toHours() > 0
                ? String.format(Locale.ROOT, "%d:%02d h", time.toHours(), time.toMinutesPart())
                : time.toMinutes() > 0
                        ? String.format(Locale.ROOT, "%d:%02d min", time.toMinutes(), time.toSecondsPart())
                        : time.toSeconds() + " s";
    }

    private static String page(PackResult result, Dataset source, PackSettings settings, Path folder)
            throws IOException {
        PackedSamples samples = new PackedSamples(settings.pictures());
        return PackPage.of(
                String.valueOf(folder.getFileName()),
                result,
                settings.named(),
                samples.written(folder, result),
                samples.leftOut(folder, source, result));
    }

    private static void write(Path file, String page) {
        try {
            PlainFile.replace(file, page);
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "make it writable");
        }
    }

    private static Map<String, Object> map(PackResult result, Progress last, Duration took, Path folder) {
        Map<String, Object> map = new LinkedHashMap<>(result.totals());
        map.put("folder", folder.toString());
        map.put("earlier", result.earlier());
        map.put("seconds", took.toMillis() / 1000.0);
        map.put("samplesPerSecond", perSecond(last.read() - last.earlier(), took));
        map.put("readBytesPerSecond", perSecond(last.readBytes(), took));
        map.put("writtenBytesPerSecond", perSecond(last.writtenBytes(), took));
        return map;
    }

    private static double perSecond(long count, Duration took) {
        return took.isZero() ? 0 : count / (took.toNanos() / 1e9);
    }

    private static String render(PackResult result, Progress last, Duration took, Path folder) {
        StringBuilder text = new StringBuilder();
        text.append(line(
                "packed",
                "%,d of %,d samples with %,d captions; %,d shards of %,.1f MB in %s",
                result.samples(),
                result.source(),
                result.captions(),
                result.shards(),
                result.bytes() / MEGABYTE,
                folder));
        result.leftOut().forEach((reason, count) -> text.append(line("left out", "%,d: %s", count, reason)));
        if (result.leftOutTotal() > 0) {
            text.append(line("left out", "each by name in %s", folder.resolve("left-out.jsonl")));
        }
        result.others().counts().forEach((kind, count) -> text.append(line("no sample", "%,d %s", count, kind)));
        text.append(line(
                "rate",
                "%,.0f samples/s, %,.1f MB/s read, %,.1f MB/s written; %s",
                perSecond(last.read() - last.earlier(), took),
                perSecond(last.readBytes(), took) / MEGABYTE,
                perSecond(last.writtenBytes(), took) / MEGABYTE,
                shown(took)));
        return text.toString();
    }

    private static String line(String what, String format, Object... values) {
        return String.format(Locale.ROOT, "%-10s %s%n", what, PlainText.of(String.format(Locale.ROOT, format, values)));
    }
}
