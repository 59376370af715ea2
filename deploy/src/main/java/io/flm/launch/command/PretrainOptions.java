package io.flm.launch.command;

import static io.flm.launch.command.WorkerOptions.option;

import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of {@code flm pretrain} that stand for a key of the configuration each. */
final class PretrainOptions {
    @Option(
            names = "--data",
            paramLabel = "PATH",
            description =
                    "Training data: tar, tar.gz, arrow, folders of them, a tar's https:// or s3:// address, s3://bucket/prefix/,"
                            + " a .list of them, or captions (json, csv, tsv) and where their pictures are; repeat for more.")
    private List<Path> data = List.of();

    @Option(
            names = "--source",
            paramLabel = "NAME=PATH",
            description = "In the place of --data: a source of a mixture; repeat for more, and for more paths of one.")
    private List<String> sources = List.of();

    @Option(
            names = "--mix",
            paramLabel = "NAME=WEIGHT",
            split = ",",
            description =
                    "How many samples of each step a source has, beside the weights of the others, such as coco=0.7; 1 if it is not said.")
    private List<String> mix = List.of();

    @Option(names = "--eval-data", paramLabel = "PATH", description = "Held-out data, likewise.")
    private List<Path> evalData = List.of();

    @Option(
            names = "--hold-out",
            paramLabel = "SHARE",
            description =
                    "The share of --data that is never trained on but evaluated on, such as 1%%; the default for data"
                            + " of your own without --eval-data. 0: none.")
    private @Nullable String holdOut;

    @Option(names = "--tokenizer", paramLabel = "F", description = "A Hugging Face tokenizer.json.")
    private @Nullable Path tokenizer;

    @Option(
            names = "--objective",
            paramLabel = "NAME",
            completionCandidates = PartNames.OfObjectives.class,
            description = "What is predicted: ${COMPLETION-CANDIDATES}.")
    private @Nullable String objective;

    @Option(
            names = "--span-rate",
            paramLabel = "R",
            description = "The share of the context that spans hide, in [0, 1).")
    private @Nullable Double spanRate;

    @ArgGroup
    private @Nullable Length length;

    @Mixin
    private final WorkerOptions workers = new WorkerOptions();

    /** How long it trains: one of the two. */
    static final class Length {
        @Option(names = "--steps", paramLabel = "N", description = "How many updates.")
        private @Nullable Long steps;

        @Option(names = "--minutes", paramLabel = "M", description = "Or how long.")
        private @Nullable Double minutes;
    }

    /** Lays the options that were given over the other layers. */
    void over(Configuration.Builder layers, Path folder) {
        if (!data.isEmpty() && !sources.isEmpty()) {
            throw new UserException("--data and --source both say what to train on; give one");
        }
        if (!data.isEmpty()) {
            layers.option("flm.data.paths", strings(data), "--data", folder);
        }
        new SourceOptions(sources, mix).over(layers, folder);
        if (!evalData.isEmpty()) {
            layers.option("flm.data.eval-paths", strings(evalData), "--eval-data", folder);
        }
        option(layers, "flm.data.hold-out", holdOut == null ? null : share(holdOut), "--hold-out", folder);
        option(layers, "flm.data.tokenizer", tokenizer == null ? null : tokenizer.toString(), "--tokenizer", folder);
        option(layers, "flm.train.objective", objective, "--objective", folder);
        option(layers, "flm.train.span-rate", spanRate, "--span-rate", folder);
        if (length != null) {
            option(layers, "flm.train.steps", length.steps, "--steps", folder);
            option(layers, "flm.train.minutes", length.minutes, "--minutes", folder);
        }
        workers.over(layers, folder);
    }

    /** {@code 1%}, {@code 1 %} or {@code 0.01}. */
    static double share(String text) {
        String number = text.strip();
        boolean percent = number.endsWith("%");
        try {
            double value = Double.parseDouble(percent ? number.substring(0, number.length() - 1) : number);
            return percent ? value / 100 : value;
        } catch (NumberFormatException e) {
            throw new UserException("--hold-out " + text + ": give a share, such as 1% or 0.01", e);
        }
    }

    private static List<String> strings(List<Path> paths) {
        return paths.stream().map(Path::toString).toList();
    }
}
