package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.files.NamedFile;
import io.flm.launch.report.HeldOutEvaluation;
import io.flm.launch.report.TaskEvaluation;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.evaluate.Report;
import io.flm.worker.task.TaskReport;
import io.flm.worker.train.TaskData;
import io.flm.worker.train.Tasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm evaluate}: what a trained model says of pictures that it never saw. */
@Command(
        name = "evaluate",
        description = {
            "Evaluates a trained model on held-out data: single tokens, retrieval by caption likelihood, captions.",
            "Each figure stands beside what chance or the text alone gives."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
    private final Environment environment;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description =
                    "Held-out data: tar, tar.gz, arrow, folders of them, or captions (json, csv, tsv) and where their"
                            + " pictures are; repeat for more. Default: the run's own.")
    private List<Path> data = List.of();

    @Option(
            names = "--task",
            paramLabel = "TASK",
            description = "Scores the model on the task that it was fine-tuned on, such as vqa; it must be that one.")
    private @Nullable String task;

    @Option(
            names = "--val",
            paramLabel = "FILE",
            arity = "1..*",
            description = "A task's annotation files and pictures. Default: the run's own.")
    private List<Path> val = List.of();

    @Option(
            names = "--first-stage",
            paramLabel = "RUN_OR_CHECKPOINT",
            description =
                    "retrieval: in two stages. The likelihood of this model's l2r stream ranks all pairs, and the head reads the"
                            + " best; the run that --from was pretrained in is the natural choice.")
    private @Nullable Path firstStage;

    @Option(
            names = "--best",
            paramLabel = "K",
            description =
                    "With --first-stage: how many texts of each picture, and pictures of each text, the head reads.")
    private @Nullable Integer best;

    @Option(
            names = "--all-pairs",
            description = "With --first-stage: the head also reads all pairs, for comparison of scores and time.")
    private boolean allPairs;

    @Option(
            names = "--predictions",
            paramLabel = "F",
            description = "Writes what the model said in the form that the task's server takes.")
    private @Nullable Path predictions;

    @Option(names = "--force", description = "Writes over a file of predictions that is there.")
    private boolean force;

    @Option(names = "--html", paramLabel = "F", description = "Writes a page with figures, curves and pictures.")
    private @Nullable Path html;

    @Option(names = "--json", description = "Prints one JSON object as the last line of standard output.")
    private boolean json;

    @Option(
            names = "--items",
            description = "With --task and --json: also what each example reached, under items, where that is known.")
    private boolean items;

    EvaluateCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        checkOptions();
        Map<String, @Nullable Object> report = isTask() ? ofTask() : heldOut();
        if (json) {
            environment.out().println(Json.line(report));
        }
        return Failure.OK;
    }

    private void checkOptions() {
        if (items && !json) {
            throw new UserException("--items are a part of --json: give that, too");
        }
        Path figures = html == null ? null : environment.resolve(html);
        Path said = predictions == null ? null : environment.resolve(predictions);
        if (figures != null && figures.equals(said)) {
            throw new UserException(
                    figures + ": --html and --predictions would write the same file; give them two names");
        }
        requireWritable("--html", figures);
        requireWritable("--predictions", said);
    }

    /** Before all is scored: that may take hours. What is read is not written over, whatever --force says. */
    private void requireWritable(String option, @Nullable Path file) {
        if (file == null) {
            return;
        }
        NamedFile.requireWritable(file, option);
        if (Files.isRegularFile(file)
                && (Stream.of(val, data).flatMap(List::stream).anyMatch(read -> isRead(file, read))
                        || isOfModel(file))) {
            throw new UserException(file + ": is read, and would be lost; give another " + option);
        }
    }

    /** Whether it is a file of the checkpoint, its tokenizer, or of the data that it names. */
    private boolean isOfModel(Path file) {
        Checkpoint checkpoint = checkpoint();
        Config config = checkpoint.identity().config(checkpoint.folder().toString());
        return Stream.of("flm.task.val", "flm.data.eval-paths", "flm.data.tokenizer", "flm.task.first-stage")
                        .filter(config::hasPath)
                        .map(key -> config.getValue(key).unwrapped())
                        .flatMap(value -> value instanceof List<?> list ? list.stream() : Stream.of(value))
                        .map(value -> Path.of(String.valueOf(value)))
                        .anyMatch(read -> isRead(file, read))
                || isRead(file, checkpoint.folder());
    }

    /** Whether it is a file that is read, or in a folder that is. */
    private boolean isRead(Path file, Path read) {
        Path there = environment.resolve(read);
        try {
            return Files.exists(there)
                    && (Files.isSameFile(file, there) || file.toRealPath().startsWith(there.toRealPath()));
        } catch (IOException e) { // who reads it will say why it cannot be
            return false;
        }
    }

    /** Whether a task is meant: one is named, or the model was fine-tuned and nothing else is asked. */
    private boolean isTask() {
        if (task != null || !val.isEmpty() || predictions != null || firstStage != null || best != null || allPairs) {
            return true;
        }
        return data.isEmpty() && !taskOfModel().equals(Tasks.NONE);
    }

    private Checkpoint checkpoint() {
        return CheckpointStore.find(model.from(environment), environment::say);
    }

    private String taskOfModel() {
        Checkpoint checkpoint = checkpoint();
        Config config = checkpoint.identity().config(checkpoint.folder().toString());
        return config.hasPath("flm.task.name") ? config.getString("flm.task.name") : Tasks.NONE;
    }

    private Map<String, @Nullable Object> ofTask() {
        String of = taskOfModel();
        if (task != null && !task.equalsIgnoreCase(of)) {
            throw new UserException(model.from(environment) + ": "
                    + (of.equals(Tasks.NONE)
                            ? "was pretrained only, and has no head of " + task
                            : "was fine-tuned on " + of + ", and has no head of " + task)
                    + "; fine-tune it with `flm finetune --task " + task + "`");
        }
        if (firstStage == null && (best != null || allPairs)) {
            throw new UserException((best != null ? "--best" : "--all-pairs")
                    + " is for a search in two stages: give --first-stage, too");
        }
        Path file = predictions == null ? null : environment.resolve(predictions);
        if (file != null && !force && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserException(file + ": is there already; give another --predictions, or --force");
        }
        TaskReport report = new TaskEvaluation(environment.screen(), environment.nanoTime())
                .run(
                        model.from(environment),
                        model.overrides(environment, this::stages),
                        files(true),
                        files(false),
                        new TaskEvaluation.Written(
                                html == null ? null : environment.resolve(html), file, NamedFile::write));
        Map<String, @Nullable Object> map = report.toMap();
        if (items) {
            map.put("items", report.items());
        }
        return map;
    }

    private void stages(Configuration.Builder layers) {
        Path folder = environment.folder();
        if (firstStage != null) {
            layers.option("flm.task.first-stage", firstStage.toString(), "--first-stage", folder);
        }
        if (best != null) {
            layers.option("flm.task.best", best, "--best", folder);
        }
        if (allPairs) {
            layers.option("flm.task.all-pairs", true, "--all-pairs", folder);
        }
    }

    /** Annotation files, or pictures. */
    private List<Path> files(boolean annotations) {
        return val.stream()
                .filter(path -> TaskData.isAnnotation(path.toString()) == annotations)
                .map(environment::resolve)
                .toList();
    }

    private Map<String, @Nullable Object> heldOut() {
        Report report;
        try {
            report = new HeldOutEvaluation(environment.screen(), environment.nanoTime())
                    .run(
                            model.from(environment),
                            model.overrides(environment),
                            data.stream().map(environment::resolve).toList(),
                            html == null ? null : environment.resolve(html),
                            NamedFile::write);
        } catch (HeldOutData.TooFew e) {
            throw new UserException(e.getMessage() + "; give other data with --data", e);
        }
        return report.toMap();
    }
}
