package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.DataBench;
import io.flm.data.DataSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.launch.plan.Rate;
import io.flm.launch.plan.Rates;
import io.flm.launch.plan.TrainingPlan;
import io.flm.launch.run.RunFiles;
import io.flm.worker.train.TrainSettings;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm plan}: how long a run takes on machines that one does not have yet. */
@Command(
        name = "plan",
        description = {
            "Says how long a run takes on so many nodes and devices, and what it needs there: cores, network, disk.",
            "Each figure is computed from rates, which are measured here, read from a run, stated, or told by the documents."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class PlanCommand implements Callable<Integer> {
    private static final Pattern AMOUNT = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)([kMG]?)");
    private static final int MOST = 1 << 20;
    private static final double BITS = 8;

    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--samples",
            paramLabel = "N",
            required = true,
            description = "Samples of the data, such as 250k or 4.1M.")
    private String samples = "";

    @Option(names = "--nodes", paramLabel = "N", description = "Nodes. Default: 1.")
    private int nodes = 1;

    @Option(names = "--devices", paramLabel = "N", description = "Devices of each node. Default: 1.")
    private int devices = 1;

    @Option(
            names = "--cores",
            paramLabel = "N",
            description = "Cores of each node that decode. Default: as many as are needed, which is told.")
    private @Nullable Integer cores;

    @Option(
            names = "--from",
            paramLabel = "RUN",
            description = "A run, of whose steps it is read what a device computes, and how long texts are.")
    private @Nullable Path from;

    @Option(
            names = "--tflops",
            paramLabel = "T",
            description = "What a device computes, in 1e12 operations a second. Default: 155, of one H200.")
    private @Nullable Double tflops;

    @Option(
            names = "--lane-ms",
            paramLabel = "M",
            description =
                    "Milliseconds that a lane takes beside that, whatever its size. Default: 98, of one H200; with --tflops or"
                            + " --from none.")
    private @Nullable Double laneMs;

    @Option(
            names = "--decode-rate",
            paramLabel = "S",
            description =
                    "Pictures a second that a core decodes and augments. Default: measured here on JPEGs of 640 x 480.")
    private @Nullable Double decodeRate;

    @Option(names = "--network", paramLabel = "G", description = "Gbit/s that a node sends. Default: 100.")
    private @Nullable Double network;

    @Option(
            names = "--memory-rate",
            paramLabel = "G",
            description = "GB/s of gradients that a node adds up of its own devices. Default: 5.9.")
    private @Nullable Double memoryRate;

    @Option(names = "--tokens", paramLabel = "N", description = "Tokens of a text. Default: 14, or as in --from.")
    private @Nullable Double tokens;

    @Option(
            names = "--sample-kb",
            paramLabel = "K",
            description = "Size of a sample in kB. Default: that of its pictures as JPEGs of 640 x 480.")
    private @Nullable Double sampleKb;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    PlanCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        if (from != null && tflops != null) {
            throw new UserException("--from and --tflops both say what a device computes; give one");
        }
        Config config = options.layers(environment).build().config();
        TrainingPlan plan = new TrainingPlan(config, given(config));
        environment.out().print(json ? Json.line(plan.toMap()) + System.lineSeparator() : plan.text());
        return Failure.OK;
    }

    private TrainingPlan.Given given(Config config) {
        double amount = amount(samples);
        int perNode = count("--devices", devices);
        int all = count("--nodes", nodes);
        OptionalInt own = cores == null ? OptionalInt.empty() : OptionalInt.of(count("--cores", cores));
        Rates.@Nullable OfRun run = from == null ? null : ofRun(from);
        Rates.Device device = device(run);
        Rate length = tokens != null
                ? length(tokens, config.getInt("flm.data.max-tokens"))
                : run != null ? run.tokens() : new Rate(14, "assumed: captions of 12 tokens and two special ones");
        Rate sent = network != null
                ? Rate.stated("--network", network, 1e9 / BITS)
                : new Rate(100 * 1e9 / BITS, "assumed; state it with --network");
        Rate added = memoryRate != null ? Rate.stated("--memory-rate", memoryRate, 1e9) : Rates.NODE_MEMORY;
        Rate decode = decodeRate == null ? null : Rate.stated("--decode-rate", decodeRate, 1);
        Rate size = sampleKb == null ? null : Rate.stated("--sample-kb", sampleKb, 1e3);
        if (decode == null || size == null) {
            DataBench.Decoding measured = measured(config);
            String pictures = "measured here: JPEGs of 640 x 480";
            int ofSample = TrainSettings.from(config).objective().picturesPerSample();
            decode = decode != null
                    ? decode
                    : new Rate(
                            measured.samplesPerSecond(),
                            pictures + " to " + config.getInt("flm.model.image-size") + " px");
            size = size != null
                    ? size
                    : new Rate(
                            ofSample * measured.bytes(),
                            ofSample == 1 ? pictures : pictures + ", " + ofSample + " a sample");
        }
        return new TrainingPlan.Given(amount, all, perNode, own, device, decode, sent, added, length, size);
    }

    private Rates.Device device(Rates.@Nullable OfRun run) {
        Rates.Device whole = tflops != null
                ? Rates.Device.of(Rate.stated("--tflops", tflops, 1e12))
                : run != null ? run.device() : Rates.H200;
        return laneMs == null ? whole : new Rates.Device(whole.flops(), Rate.stated("--lane-ms", laneMs, 1e-3));
    }

    private Rates.OfRun ofRun(Path named) {
        Path run = environment.resolve(named);
        RunFiles.requireOwnParts(run);
        if (!RunFiles.isRun(run)) {
            throw new UserException(run + ": no run there; give the folder of a run, such as runs/emoji-1");
        }
        return Rates.of(
                run,
                Configuration.builder()
                        .run(RunFiles.configurationOf(run), environment::warn)
                        .build()
                        .config());
    }

    private DataBench.Decoding measured(Config config) {
        try (Waiting waiting = Waiting.shown(environment.screen(), "decoding pictures")) {
            waiting.on("decoding pictures of 640 x 480 with one thread");
            return DataBench.decoding(DataSettings.from(config), config.getInt("flm.model.image-size"));
        }
    }

    /** Longer texts are cut. */
    private static Rate length(double tokens, int most) {
        if (tokens > most) {
            throw new UserException("--tokens " + tokens + ": no text has more than flm.data.max-tokens = " + most
                    + "; give that, or set the key");
        }
        return Rate.stated("--tokens", tokens, 1);
    }

    private static int count(String option, int value) {
        if (value < 1 || value > MOST) {
            throw new UserException(option + " " + value + ": give 1 to " + MOST);
        }
        return value;
    }

    /** Reads {@code 250k} or {@code 4.1M}. */
    private static double amount(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        double value = matcher.matches()
                ? Double.parseDouble(matcher.group(1))
                        * switch (matcher.group(2)) {
                            case "k" -> 1e3;
                            case "M" -> 1e6;
                            case "G" -> 1e9;
                            default -> 1;
                        }
                : 0;
        if (value < 1) {
            throw new UserException(
                    String.format(Locale.ROOT, "--samples %s: give a number from 1, such as 250k or 4.1M", text));
        }
        return value;
    }
}
