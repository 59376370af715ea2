package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.DataReport;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.PlainText;
import io.flm.data.Split;
import io.flm.data.Tokenizer;
import io.flm.data.WriteErrors;
import io.flm.data.source.Sources;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Settings;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.launch.files.NamedFile;
import io.flm.launch.html.ContactSheet;
import io.flm.launch.report.InputDescription;
import io.flm.launch.report.SampleSheets;
import io.flm.launch.report.SampleSheets.Example;
import io.flm.launch.run.HeldOutShare;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm data inspect}: counts, shapes and lengths of every sample, and the bad ones by name. */
@Command(
        name = "inspect",
        description = "Reads and decodes every sample: counts, shapes, lengths, and the bad ones by name; exits with 1"
                + " where training would stop at them.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DataInspectCommand implements Callable<Integer> {
    private static final int MOST_LINES = 10; // of shards, shapes, names

    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Parameters(
            paramLabel = "PATH",
            arity = "0..*",
            description =
                    "tar, tar.gz, arrow, parquet, a folder of them, a tar's https:// or s3:// address, s3://bucket/prefix/,"
                            + " 'a-{000..123}.tar', a .list of them, or captions (json, csv, tsv) and where their pictures are; without any: the training data of the"
                            + " configuration.")
    private List<Path> paths = List.of();

    @Option(names = "--tokenizer", paramLabel = "F", description = "A Hugging Face tokenizer.json.")
    private @Nullable Path tokenizerFile;

    @Option(names = "--html", paramLabel = "F", description = "Also writes a page with samples as training sees them.")
    private @Nullable Path html;

    @Option(names = "--show", paramLabel = "N", description = "How many samples the page shows (12).")
    private int show = 12;

    @Option(
            names = "--span-rate",
            paramLabel = "R",
            description = "Shows the page's spans at another rate than training's, flm.train.span-rate.")
    private @Nullable Double spanRate;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    DataInspectCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Configuration.Builder layers = options.layersOf(paths, environment);
        if (tokenizerFile != null) {
            layers.option("flm.data.tokenizer", tokenizerFile.toString(), "--tokenizer", environment.folder());
        }
        if (spanRate != null) {
            layers.option("flm.train.span-rate", spanRate, "--span-rate", environment.folder());
        }
        if (html != null) {
            NamedFile.requireWritable(environment.resolve(html), "--html");
        }
        Config config = layers.build().config();
        Settings.checkData(config);
        DataSettings settings = DataSettings.from(config);
        try (Tokenizer tokenizer = Tokenizer.load(settings.tokenizer());
                Dataset source = Sources.open(settings, Split.ALL)) {
            DataReport report = report(source, tokenizer, settings);
            SampleSheets sheets = new SampleSheets(source, tokenizer, settings, config);
            if (html != null) {
                List<String> facts = Stream.of(
                                facts(report), InputDescription.sentences(settings, tokenizer.kind(), config))
                        .flatMap(List::stream)
                        .toList();
                write(
                        environment.resolve(html),
                        ContactSheet.of(title(report), facts, counts(report.tokenLengths()), sheets.of(show)));
            }
            boolean stops = report.badTrained() > settings.mostBad(report.trained());
            Optional<Example> example = sheets.example();
            environment
                    .out()
                    .print(
                            json
                                    ? Json.line(map(report, sources(source, settings), config, example, stops))
                                            + System.lineSeparator()
                                    : render(
                                            report,
                                            sources(source, settings),
                                            settings,
                                            InputDescription.sentences(settings, tokenizer.kind(), config),
                                            example));
            if (stops) {
                environment.say(String.format(
                        Locale.ROOT,
                        "%,d of %,d samples to train on are bad, more than flm.data.bad-sample-rate = %s allows: training"
                                + " would stop at them; mend them or raise the rate",
                        report.badTrained(),
                        report.trained(),
                        settings.badSampleRate()));
            }
            return stops ? Failure.FAILED : Failure.OK;
        }
    }

    private DataReport report(Dataset source, Tokenizer tokenizer, DataSettings settings) {
        try (Waiting waiting = Waiting.shown(environment.screen(), "reading samples")) {
            return DataReport.of(
                    source,
                    tokenizer,
                    settings,
                    index -> waiting.on(
                            String.format(Locale.ROOT, "reading samples: %,d of %,d", index, source.size())));
        }
    }

    private void write(Path file, String page) {
        try {
            NamedFile.write(file, page);
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "give --html another file");
        }
        environment.say("page: " + file);
    }

    private static String title(DataReport report) {
        List<String> shards = report.shards().keySet().stream().limit(3).toList();
        int more = report.shards().size() - shards.size();
        return String.join(", ", shards) + (more > 0 ? String.format(Locale.ROOT, " and %,d more", more) : "");
    }

    private static List<String> facts(DataReport report) {
        return List.of(String.format(
                "%,d samples with %,d captions; %,d bad; %,d held out of training (flm.data.hold-out).",
                report.samples(), report.captions(), report.bad().size(), report.heldOut()));
    }

    private static SortedMap<Integer, Long> counts(Map<Integer, Integer> lengths) {
        SortedMap<Integer, Long> counts = new TreeMap<>();
        lengths.forEach((length, count) -> counts.put(length, count.longValue()));
        return counts;
    }

    /** Of a mixture, what is said of each source by its name. */
    private static SortedMap<String, Long> sources(Dataset data, DataSettings settings) {
        SortedMap<String, Long> samples = new TreeMap<>();
        for (int i = 0; i < data.sizes().length && settings.isMixture(); i++) {
            samples.put(settings.sources().get(i).name(), data.sizes()[i]);
        }
        return samples;
    }

    private static Map<String, Object> map(
            DataReport report,
            SortedMap<String, Long> sources,
            Config config,
            Optional<Example> example,
            boolean stops) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("samples", report.samples());
        map.put("heldOut", report.heldOut());
        map.put("trainingSpanRate", config.getDouble("flm.train.span-rate"));
        map.put("evaluationSpanRate", config.getDouble("flm.evaluate.span-rate"));
        example.ifPresent(e -> map.put("example", Map.of("caption", e.caption(), "tokens", e.tokens())));
        map.put("captions", report.captions());
        if (!sources.isEmpty()) {
            map.put("sources", sources);
        }
        map.put("shards", report.shards());
        map.put("shapes", report.shapes());
        map.put("tokenLengths", report.tokenLengths());
        map.put("bad", report.bad());
        map.put("badTrained", report.badTrained());
        map.put("stops", stops); // training
        map.put("leftOut", report.leftOut().names()); // the first of each kind
        map.put("leftOutCounts", report.leftOut().counts());
        map.put("sha256", report.sha256());
        return map;
    }

    /** Of whatever there are many, the first lines; {@code --json} has all. */
    private static String render(
            DataReport report,
            SortedMap<String, Long> sources,
            DataSettings settings,
            List<String> reading,
            Optional<Example> example) {
        StringBuilder text = new StringBuilder();
        text.append(line("samples", "%,d with %,d captions", report.samples(), report.captions()));
        sources.forEach((name, count) -> text.append(line(
                "source",
                "%s: %,d samples, %.2f %% of what is trained on",
                name,
                count,
                100 * settings.shares().getOrDefault(name, 0.0))));
        text.append(line("held out", "%s", new HeldOutShare(settings, report.heldOut(), report.trained()).sentence()));
        reading.forEach(sentence -> text.append(line("reading", "%s", sentence)));
        example.ifPresent(e -> text.append(line("example", "%s", InputDescription.example(e))));
        shards(text, report.shards());
        shapes(text, report.shapes());
        lengths(text, report.tokenLengths(), settings.maxTokens());
        report.leftOut().counts().forEach((kind, count) -> text.append(line("left out", "%,d %s", count, kind)));
        first(text, "left out", report.leftOut().names(), report.leftOut().total());
        first(text, "bad", report.bad(), report.bad().size());
        text.append(
                line("bad", "%,d samples, %,d of them to train on", report.bad().size(), report.badTrained()));
        text.append(line("sha256", "%s", report.sha256()));
        return text.toString();
    }

    private static String line(String what, String format, Object... values) {
        return String.format(Locale.ROOT, "%-10s %s%n", what, PlainText.of(String.format(Locale.ROOT, format, values)));
    }

    private static void first(StringBuilder text, String what, List<String> names, long count) {
        names.stream().limit(MOST_LINES).forEach(name -> text.append(line(what, "%s", name)));
        if (count > MOST_LINES) {
            text.append(line(what, "%,d more", count - MOST_LINES));
        }
    }

    private static void shards(StringBuilder text, Map<String, Integer> shards) {
        if (shards.size() <= MOST_LINES) {
            shards.forEach((shard, count) -> text.append(line("shard", "%s: %,d", shard, count)));
            return;
        }
        Map.Entry<String, Integer> fewest = Collections.min(shards.entrySet(), Map.Entry.comparingByValue());
        text.append(line(
                "shards",
                "%,d of %,d to %,d samples; fewest: %s",
                shards.size(),
                fewest.getValue(),
                Collections.max(shards.values()),
                fewest.getKey()));
    }

    private static void shapes(StringBuilder text, Map<String, Integer> shapes) {
        List<Map.Entry<String, Integer>> most = shapes.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
                .toList();
        most.stream()
                .limit(MOST_LINES)
                .forEach(e -> text.append(line("pictures", "%s: %,d", e.getKey(), e.getValue())));
        if (most.size() > MOST_LINES) {
            long rest = most.stream()
                    .skip(MOST_LINES)
                    .mapToLong(Map.Entry::getValue)
                    .sum();
            text.append(line("pictures", "of %,d other sizes: %,d", most.size() - MOST_LINES, rest));
        }
    }

    private static void lengths(StringBuilder text, SortedMap<Integer, Integer> lengths, int maxTokens) {
        SortedMap<Integer, Integer> whole = lengths.headMap(maxTokens + 1);
        int most = whole.values().stream().mapToInt(n -> n).max().orElse(1);
        whole.forEach((length, count) -> text.append(String.format(
                Locale.ROOT, "tokens %3d %,8d %s%n", length, count, "#".repeat((int) Math.ceil(50.0 * count / most)))));
        long cut = lengths.tailMap(maxTokens + 1).values().stream()
                .mapToLong(n -> n)
                .sum();
        if (cut > 0) {
            text.append(line("tokens", "%,d captions of more than %d lose their end", cut, maxTokens));
        }
    }
}
