package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Program;
import io.flm.launch.console.Version;
import io.flm.launch.files.NamedFile;
import io.flm.launch.report.HeldOutEvaluation;
import io.flm.launch.report.TaskEvaluation;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.evaluate.Report;
import io.flm.worker.task.Task;
import io.flm.worker.task.TaskReport;
import io.flm.worker.train.RunData;
import io.flm.worker.train.TaskData;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    private @Nullable Config trained; // read once

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
        return data.isEmpty() && taskOfModel().isPresent();
    }

    private Checkpoint checkpoint() {
        return CheckpointStore.find(model.from(environment), environment::say);
    }

    private Optional<Task> taskOfModel() {
        return Tasks.of(trained());
    }

    /** The settings of the model's training. */
    private Config trained() {
        Config config = trained;
        if (config == null) {
            Checkpoint checkpoint = checkpoint();
            config = checkpoint
                    .identity()
                    .config(checkpoint.folder().toString())
                    .withFallback(Configuration.builder().build().config());
            trained = config;
        }
        return config;
    }

    /** The command that gives the model a head of the task; data that are not known stand there as words in capitals. */
    private String fineTuning(String wanted) {
        List<String> command = new ArrayList<>(List.of("finetune", "--task", wanted, "--from", from()));
        command.addAll(List.of("--train", "ANNOTATIONS", "PICTURES", "--val"));
        command.addAll(val.isEmpty() ? List.of("ANNOTATIONS", "PICTURES") : strings(val));
        return Program.hint(command);
    }

    private String from() {
        return model.from(environment).toString();
    }

    private static List<String> strings(List<Path> paths) {
        return paths.stream().map(Path::toString).toList();
    }

    private void requireHead(Optional<Task> of) {
        if (task != null) {
            PartNames.requireTask(task);
        }
        String has = of.map(Task::key).orElse("");
        if (!has.isEmpty() && (task == null || task.equalsIgnoreCase(has))) {
            return;
        }
        throw new UserException(from() + ": "
                + (has.isEmpty() ? "was pretrained only" : "was fine-tuned on " + has) + ", and has no head of "
                + (task == null ? "a task" : task) + "; fine-tune it with "
                + fineTuning(task == null ? "TASK" : task));
    }

    private void requireScored(Task of, Config overrides) {
        if (val.isEmpty() && !RunData.isScored(of, overrides.withFallback(trained()))) {
            throw new UserException(from() + ": was fine-tuned without --val; give what it is scored on, as in "
                    + Program.hint(scoring(from(), of)));
        }
    }

    /** The arguments that score a model on data that are not known: those stand there as words in capitals. */
    static List<String> scoring(String from, Task of) {
        List<String> command = new ArrayList<>(List.of("evaluate", "--from", from, "--task", of.key(), "--val"));
        if (of.needsAnnotations()) {
            command.add("ANNOTATIONS");
        }
        command.add("PICTURES");
        return command;
    }

    private Map<String, @Nullable Object> ofTask() {
        if (firstStage == null && (best != null || allPairs)) {
            throw new UserException((best != null ? "--best" : "--all-pairs")
                    + " is for a search in two stages: give --first-stage, too");
        }
        Config overrides = model.overrides(environment, this::stages);
        Optional<Task> of = taskOfModel();
        requireHead(of);
        requireScored(of.orElseThrow(), overrides);
        Path file = predictions == null ? null : environment.resolve(predictions);
        if (file != null && !force && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new UserException(file + ": is there already; give another --predictions, or --force");
        }
        TaskReport report = new TaskEvaluation(environment.screen(), environment.nanoTime())
                .run(
                        model.from(environment),
                        overrides,
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

    private void requireTokenHead() {
        Config trained = trained();
        Optional<Task> of = Tasks.of(trained);
        if (of.isPresent() && TrainSettings.from(trained).objective().parts().tokenHead() == null) {
            throw new UserException(from() + ": was fine-tuned on " + of.get().key()
                    + " and predicts no tokens any more; score it with "
                    + Program.hint(
                            RunData.isScored(of.get(), trained)
                                    ? List.of(
                                            "evaluate",
                                            "--from",
                                            from(),
                                            "--task",
                                            of.get().key())
                                    : scoring(from(), of.get())));
        }
    }

    private Map<String, @Nullable Object> heldOut() {
        requireTokenHead();
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
