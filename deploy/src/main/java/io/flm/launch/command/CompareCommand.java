package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.PlainText;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.compare.Compare;
import io.flm.launch.compare.RunComparison;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Interrupts;
import io.flm.launch.console.LogForm;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Version;
import io.flm.launch.files.NamedFile;
import io.flm.worker.task.Task;
import io.flm.worker.train.RunData;
import io.flm.worker.train.SameFiles;
import io.flm.worker.train.TaskData;
import io.flm.worker.train.Tasks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flm compare}: pretrains objectives at equal budgets, scores them on tasks, and says how much sooner one gets there. */
@Command(
        name = "compare",
        description = {
            "Pretrains each objective for each seed at equal budgets, scores checkpoints along the way on each task,"
                    + " and says after how much pretraining the first objective reaches the score that each other one ends"
                    + " with.",
            "Learning rate and corruption rate of each are tuned first, on as many points. Interrupted, it goes on"
                    + " where it was by the same command."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class CompareCommand implements Callable<Integer> {
    private final Environment environment;
    private final Logs logs;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            paramLabel = "RUN",
            arity = "0..*",
            description = "Or runs that there are: lays their settings, figures and curves over each other.")
    private List<Path> runs = List.of();

    @Option(names = "--html", paramLabel = "F", description = "With RUN: writes a page.")
    private @Nullable Path html;

    @Option(
            names = "--objectives",
            paramLabel = "NAME[@RATE]",
            split = ",",
            completionCandidates = PartNames.OfObjectives.class,
            description =
                    "What is compared, such as flm,mlm@0.15,mlm@0.4,ar: the first one with each other. A corruption"
                            + " rate after the @ is kept; without it the rate is tuned. There are ${COMPLETION-CANDIDATES}.")
    private List<String> objectives = List.of();

    @Option(names = "--seeds", paramLabel = "N", description = "Pretrainings of each objective. Default: 3.")
    private int seeds = 3;

    @Option(
            names = "--budget",
            paramLabel = "AMOUNT",
            description = "What each pretraining gets: 2000steps, 120s (of training, wall time), 120cpu-s or 3e13flop.")
    private @Nullable String budget;

    @Option(
            names = "--tasks",
            paramLabel = "TASK",
            split = ",",
            completionCandidates = PartNames.OfTasks.class,
            description = "What they are scored by: zero-shot (the default: as they are, on held-out data), or after a"
                    + " fine-tuning ${COMPLETION-CANDIDATES}.")
    private List<String> tasks = List.of("zero-shot");

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "The comparison's folder, with report.html and report.json.")
    private @Nullable Path out;

    @Option(
            names = "--train",
            paramLabel = "TASK=FILE",
            description = "Annotations or pictures that a task is fine-tuned on; repeat for more.")
    private List<String> train = List.of();

    @Option(names = "--val", paramLabel = "TASK=FILE", description = "Those that it is scored on, likewise.")
    private List<String> validation = List.of();

    @Option(names = "--finetune-steps", paramLabel = "N", description = "Steps of each fine-tuning. Default: 200.")
    private long fineTuning = 200;

    @Option(
            names = "--finetune-set",
            paramLabel = "KEY=VALUE",
            description = "One key of the configuration of each fine-tuning, such as flm.train.learning-rate=5e-4.")
    private List<String> fineTuningSettings = List.of();

    @Option(
            names = "--points",
            paramLabel = "N",
            description = "Checkpoints of a pretraining that are scored, evenly in log time from a sixteenth of it on."
                    + " Default: 8.")
    private int points = 8;

    @Option(
            names = "--trials",
            paramLabel = "N",
            description = "Points of the grid on which each objective is tuned; 0: none is tuned. Default: 6.")
    private int trials = 6;

    @Option(
            names = "--tune-share",
            paramLabel = "S",
            description = "The share of the budget of a trial. Default: 0.25.")
    private double tuneShare = 0.25;

    @Option(names = "--parallel", paramLabel = "N", description = "Cells that run at once on this machine. Default: 1.")
    private int parallel = 1;

    @Option(
            names = "--cluster",
            paramLabel = "HOST:PORT",
            description =
                    "Trains on a cluster that is up; repeat for more clusters, such as nodes that are alone: each gets"
                            + " one cell at a time. They and this machine share a file system.")
    private List<String> clusters = List.of();

    @Mixin
    private final ClusterAccess access = new ClusterAccess();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description =
                    "Pretraining data: tar, tar.gz, arrow, folders of them, or captions (json, csv, tsv) and where"
                            + " their pictures are; repeat for more.")
    private List<Path> data = List.of();

    @Option(names = "--eval-data", paramLabel = "PATH", description = "Held-out data, likewise.")
    private List<Path> evalData = List.of();

    @Option(
            names = "--hold-out",
            paramLabel = "SHARE",
            description = "Or the share of --data that is held out, such as 1%%.")
    private @Nullable String holdOut;

    @Option(names = "--tokenizer", paramLabel = "F", description = "A Hugging Face tokenizer.json.")
    private @Nullable Path tokenizer;

    @Mixin
    private final ConfigOptions configOptions = new ConfigOptions();

    @Option(names = "--json", description = "Prints the report as one JSON object, the last line of standard output.")
    private boolean json;

    CompareCommand(Environment environment, Logs logs) {
        this.environment = environment;
        this.logs = logs;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (!runs.isEmpty()) {
            return existing();
        }
        Path folder = out;
        String amount = budget;
        if (objectives.isEmpty() || folder == null || amount == null) {
            throw new UserException("give --objectives, --budget and --out, or the folders of runs that there are");
        }
        Compare.Options options = new Compare.Options(
                objectives,
                seeds,
                amount,
                tasks,
                files("--train", train),
                files("--val", validation),
                trials,
                tuneShare,
                points,
                fineTuning,
                fineTuningSettings,
                parallel,
                clusters,
                access.tokenFile(environment),
                access.caFile(environment));
        Configuration configuration = configuration();
        try (Compare compare = Compare.open(
                environment.resolve(folder), options, configuration, environment.screen(), environment.nanoTime())) {
            logs.to(compare.log(), LogForm.from(configuration.config()));
            warnOfSameFiles(configuration.config());
            Interrupts interrupts = Interrupts.on(environment.nanoTime(), signal -> {
                environment.say(signal.shown() + ": stopping the cells that run; Ctrl-C again ends at once");
                compare.stop();
            });
            Compare.Ended ended = compare.run();
            if (json) {
                environment.out().println(ended.report());
            }
            return exitCode(ended, interrupts);
        }
    }

    /** Files of captions may say themselves which of them are scored: of these tasks each fine-tuning tells it. */
    private void warnOfSameFiles(Config config) {
        SameFiles.told(
                        RunData.paths(config, "flm.data.paths"),
                        "--data",
                        RunData.paths(config, "flm.data.eval-paths"),
                        "--eval-data")
                .ifPresent(environment::warn);
        Map<String, List<Path>> trained = files("--train", train);
        Map<String, List<Path>> scored = files("--val", validation);
        for (Task task : Tasks.all(config.getConfig("flm.task"))) {
            if (task.needsAnnotations()) {
                SameFiles.told(
                                annotations(trained.getOrDefault(task.key(), List.of())),
                                "--train",
                                annotations(scored.getOrDefault(task.key(), List.of())),
                                "--val")
                        .ifPresent(environment::warn);
            }
        }
    }

    private static List<Path> annotations(List<Path> files) {
        return files.stream()
                .filter(file -> TaskData.isAnnotation(file.toString()))
                .toList();
    }

    private int existing() {
        if (out != null || !objectives.isEmpty() || budget != null) {
            throw new UserException("give either folders of runs, or --objectives, --budget and --out");
        }
        if (html != null) {
            NamedFile.requireWritable(environment.resolve(html), "--html");
        }
        RunComparison comparison =
                new RunComparison(runs.stream().map(environment::resolve).toList(), environment::warn);
        if (html != null) {
            Path page = environment.resolve(html);
            try {
                NamedFile.write(page, comparison.page());
            } catch (IOException e) {
                throw WriteErrors.of(page, e, "give the page another --html");
            }
            environment.say("page: " + page);
        }
        if (json) {
            environment.out().println(comparison.json());
        } else {
            comparison.text().forEach(line -> environment.out().println(PlainText.of(line)));
        }
        return Failure.OK;
    }

    private int exitCode(Compare.Ended ended, Interrupts interrupts) {
        ended.failed().forEach((key, why) -> environment.say("failed: " + key + ": " + why));
        if (ended.left() == 0) {
            return Failure.OK;
        }
        environment.say(ended.left() + " cells are left; go on with: "
                + environment
                        .program()
                        .command(spec.commandLine().getParseResult().originalArgs()));
        return interrupts.asked().map(Interrupts.Signal::exitCode).orElse(Failure.FAILED);
    }

    private Configuration configuration() {
        Configuration.Builder layers = configOptions.layers(environment);
        Path folder = environment.folder();
        if (!data.isEmpty()) {
            layers.option("flm.data.paths", strings(data), "--data", folder);
        }
        if (!evalData.isEmpty()) {
            layers.option("flm.data.eval-paths", strings(evalData), "--eval-data", folder);
        }
        if (holdOut != null) {
            layers.option("flm.data.hold-out", PretrainOptions.share(holdOut), "--hold-out", folder);
        }
        if (tokenizer != null) {
            layers.option("flm.data.tokenizer", tokenizer.toString(), "--tokenizer", folder);
        }
        Configuration configuration = layers.build();
        if (!SourceSettings.names(configuration.config()).isEmpty()) {
            throw new UserException(SourceSettings.GROUP + ": a comparison trains on one source; give it with --data");
        }
        return configuration;
    }

    private static List<String> strings(List<Path> paths) {
        return paths.stream().map(Path::toString).toList();
    }

    /** {@code vqa=questions.json}, by task. */
    private Map<String, List<Path>> files(String option, List<String> given) {
        Map<String, List<Path>> files = new LinkedHashMap<>();
        for (String word : given) {
            int equals = word.indexOf('=');
            if (equals < 1 || equals == word.length() - 1) {
                throw new UserException(
                        option + " " + word + ": give the task and the file, such as vqa=questions.json");
            }
            files.computeIfAbsent(word.substring(0, equals), task -> new ArrayList<>())
                    .add(environment.resolve(Path.of(word.substring(equals + 1))));
        }
        return files;
    }
}
