package io.flm.launch;

import com.typesafe.config.Config;
import io.flm.data.DataReport;
import io.flm.data.DataSettings;
import io.flm.data.PlainText;
import io.flm.data.SampleSource;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.launch.html.ContactSheet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
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
    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Parameters(
            paramLabel = "PATH",
            arity = "0..*",
            description = "tar, tar.gz or a folder of them; without any: the training data of the configuration.")
    private List<Path> paths = List.of();

    @Option(names = "--tokenizer", paramLabel = "F", description = "A Hugging Face tokenizer.json.")
    private @Nullable Path tokenizerFile;

    @Option(names = "--html", paramLabel = "F", description = "Also writes a page with samples as they are trained on.")
    private @Nullable Path html;

    @Option(names = "--show", paramLabel = "N", description = "How many samples the page shows (12).")
    private int show = 12;

    @Option(names = "--span-rate", paramLabel = "R", description = "The rate of the page's spans, in [0, 1) (0.4).")
    private double spanRate = 0.4;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    DataInspectCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Configuration.Builder layers = options.layers(environment);
        if (!paths.isEmpty()) {
            List<String> given = paths.stream().map(Path::toString).toList();
            layers.option("flm.data.paths", given, "PATH", environment.folder());
        }
        if (tokenizerFile != null) {
            layers.option("flm.data.tokenizer", tokenizerFile.toString(), "--tokenizer", environment.folder());
        }
        Config config = layers.build().config();
        DataSettings settings = DataSettings.from(config);
        try (Tokenizer tokenizer = Tokenizer.load(settings.tokenizer());
                SampleSource source = SampleSource.open(settings.paths())) {
            DataReport report = DataReport.of(source, tokenizer, settings);
            if (html != null) {
                SampleSheets sheets = new SampleSheets(source, tokenizer, settings, config);
                write(
                        environment.resolve(html),
                        ContactSheet.of(
                                title(report),
                                facts(report),
                                spanRate,
                                counts(report.tokenLengths()),
                                sheets.of(show, spanRate)));
            }
            environment.out().print(json ? Json.line(map(report)) + System.lineSeparator() : render(report));
            boolean stops = report.bad().size() > settings.badSampleRate() * report.samples();
            return stops ? Failure.FAILED : Failure.OK;
        }
    }

    private void write(Path file, String page) {
        try {
            Files.writeString(file, page);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be written (" + e + "); give --html another file", e);
        }
        environment.say("page: " + file);
    }

    private static String title(DataReport report) {
        return String.join(", ", report.shards().keySet());
    }

    private static List<String> facts(DataReport report) {
        return List.of(String.format(
                "%,d samples with %,d captions; %,d bad.",
                report.samples(), report.captions(), report.bad().size()));
    }

    private static SortedMap<Integer, Long> counts(Map<Integer, Integer> lengths) {
        SortedMap<Integer, Long> counts = new TreeMap<>();
        lengths.forEach((length, count) -> counts.put(length, count.longValue()));
        return counts;
    }

    private static Map<String, Object> map(DataReport report) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("samples", report.samples());
        map.put("captions", report.captions());
        map.put("shards", report.shards());
        map.put("shapes", report.shapes());
        map.put("tokenLengths", report.tokenLengths());
        map.put("bad", report.bad());
        map.put("leftOut", report.leftOut());
        map.put("sha256", report.sha256());
        return map;
    }

    private static String render(DataReport report) {
        StringBuilder text = new StringBuilder();
        text.append(String.format("samples    %,d with %,d captions%n", report.samples(), report.captions()));
        report.shards()
                .forEach((shard, count) ->
                        text.append(String.format("shard      %s: %,d%n", PlainText.of(shard), count)));
        report.shapes().forEach((shape, count) -> text.append(String.format("pictures   %s: %,d%n", shape, count)));
        int most =
                report.tokenLengths().values().stream().mapToInt(n -> n).max().orElse(1);
        report.tokenLengths()
                .forEach((length, count) -> text.append(String.format(
                        "tokens %3d %,8d %s%n", length, count, "#".repeat((int) Math.ceil(50.0 * count / most)))));
        report.leftOut().forEach(line -> text.append(String.format("left out   %s%n", PlainText.of(line))));
        report.bad().forEach(line -> text.append(String.format("bad        %s%n", PlainText.of(line))));
        text.append(String.format("bad        %,d samples%n", report.bad().size()));
        text.append(String.format("sha256     %s%n", report.sha256()));
        return text.toString();
    }
}
