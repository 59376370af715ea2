package io.flm.launch.command;

import static io.flm.launch.command.WorkerOptions.option;

import com.typesafe.config.Config;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.Presets;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Program;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.evaluate.FirstStage;
import io.flm.worker.task.Task;
import io.flm.worker.train.RunData;
import io.flm.worker.train.TaskData;
import io.flm.worker.train.Tasks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm finetune}: trains a pretrained model on a task, and scores it. */
@Command(
        name = "finetune",
        description = {
            "Fine-tunes a pretrained model on a task, and scores it on examples that it was not trained on.",
            "It is trained as a model is pretrained: on the same workers and nodes, with the same checkpoints."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class FinetuneCommand extends TrainCommand {
    private static final String RATE = "flm.train.learning-rate";
    private static final String SIDE = "flm.model.image-size";

    @Option(
            names = "--task",
            paramLabel = "TASK",
            completionCandidates = PartNames.OfTasks.class,
            description = "What it is trained on: ${COMPLETION-CANDIDATES}.")
    private @Nullable String task;

    @Option(
            names = "--from",
            paramLabel = "RUN_OR_CHECKPOINT",
            description = "The pretrained model: a run's folder, or a checkpoint's.")
    private @Nullable Path from;

    @Option(
            names = "--random",
            description = "With --from: takes the model's sizes only, and begins with random weights. For comparison.")
    private boolean random;

    @Mixin
    private final TaskFiles files = new TaskFiles();

    @Mixin
    private final FinetuneOptions options = new FinetuneOptions();

    private @Nullable Checkpoint begunWith;

    FinetuneCommand(Environment environment, Logs logs) {
        super(environment, logs);
    }

    @Override
    void checkOptions() {
        if (configOptions.namesPreset()) {
            throw new UserException(
                    "--preset is for pretraining: a fine-tuned model has the settings that it was pretrained"
                            + " with; change single ones with --set");
        }
        if (resume) {
            requireNothingOfANewRun();
        } else if (from == null || task == null) {
            throw new UserException("give --task, and with --from the pretrained model; or --resume with --run");
        } else {
            PartNames.requireTask(task);
            if (files.train().isEmpty()) {
                throw new UserException("give what it is trained on with --train: annotation files and pictures");
            }
        }
        super.checkOptions();
    }

    private void requireNothingOfANewRun() {
        List<String> given = new ArrayList<>();
        if (task != null) {
            given.add("--task");
        }
        if (from != null) {
            given.add("--from");
        }
        if (random) {
            given.add("--random");
        }
        if (!given.isEmpty()) {
            List<String> command = new ArrayList<>(List.of("finetune"));
            if (run != null) {
                command.addAll(List.of("--run", run.toString()));
            }
            command.add("--resume");
            throw new UserException("--resume goes on with a run as it was begun: leave " + String.join(" and ", given)
                    + " out, as in " + Program.hint(command));
        }
    }

    @Override
    String runName() {
        return task == null ? "finetune" : task;
    }

    @Override
    Configuration.Builder newRun() {
        Path pretrained = from;
        if (pretrained == null || task == null) {
            throw new IllegalStateException("options were not checked");
        }
        Checkpoint checkpoint = CheckpointStore.find(environment.resolve(pretrained), environment::say);
        begunWith = random ? null : checkpoint;
        String where = checkpoint.folder().toString();
        Config before = checkpoint.identity().config(where);
        if (before.hasPath("flm.task.name")
                && !before.getString("flm.task.name").equals(Tasks.NONE)) {
            environment.say(where + " was fine-tuned before, on " + before.getString("flm.task.name"));
        }
        Configuration.Builder layers = Configuration.builder()
                .checkpoint(checkpoint, environment::warn)
                .task(task)
                .option("flm.task.name", task, "--task", environment.folder());
        if (before.hasPath(RATE) && isPretrained(before)) {
            layers.option(
                    RATE,
                    before.getDouble(RATE) * Presets.FINE_TUNING_RATE,
                    "an eighth of pretraining's",
                    environment.folder());
        }
        int side = before.hasPath(SIDE) ? before.getInt(SIDE) : Integer.MAX_VALUE;
        if (side < Presets.RAND_AUGMENTED_SIDE) {
            layers.option(
                    "flm.data.augment.rand-operations",
                    0,
                    "pictures of less than " + Presets.RAND_AUGMENTED_SIDE + " pixels a side",
                    environment.folder());
        }
        if (!random) {
            layers.option("flm.checkpoint.from", where, "--from", environment.folder());
        }
        return configOptions.over(layers, environment);
    }

    private static boolean isPretrained(Config config) {
        return !config.hasPath("flm.task.name")
                || config.getString("flm.task.name").equals(Tasks.NONE);
    }

    @Override
    void over(Configuration.Builder layers) {
        files.over(layers, environment);
        options.over(layers, environment.folder());
        Config config = layers.build().config();
        if (!resume) {
            Tasks.of(config)
                    .orElseThrow()
                    .settings(RunData.paths(config, "flm.task.train"), environment::say)
                    .forEach((key, value) -> layers.option(key, value, "--train", environment.folder()));
        }
    }

    @Override
    boolean trains(Config config) {
        return Tasks.of(config).isPresent();
    }

    /** What would else be found out when the run has begun, or has ended. */
    @Override
    void look(Config config) {
        Task its = Tasks.of(config).orElseThrow();
        FirstStage.of(config, environment::say);
        Checkpoint from = begunWith;
        if (from != null) {
            requireSameModel(from, config);
        }
        try (Waiting waiting = Waiting.shown(environment.screen(), "looking at the data")) {
            TaskData.look(its, config, environment::say, waiting::on);
        }
    }

    /** Weights are taken over by a model of the same sizes that reads the same tokens in the same way. */
    private static void requireSameModel(Checkpoint from, Config config) {
        Config before = from.identity().config(from.folder().toString());
        for (String key : from.identity().settings().keySet()) {
            boolean decides = key.equals("flm.train.objective")
                    || (key.startsWith("flm.model.")
                            && !key.startsWith("flm.model.init.")
                            && !key.equals("flm.model.dropout"));
            if (decides
                    && before.hasPath(key)
                    && !before.getValue(key)
                            .unwrapped()
                            .equals(config.getValue(key).unwrapped())) {
                throw new UserException(from.folder() + " was trained with " + key + " = "
                        + before.getValue(key).unwrapped() + ", not "
                        + config.getValue(key).unwrapped()
                        + "; leave that out, give another --from, or begin with random weights by --random");
            }
        }
        try (Tokenizer tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")))) {
            from.requireTokenizer(tokenizer.sha256(), config.getString("flm.data.tokenizer"));
        }
    }

    /** What every run of training takes. */
    static final class FinetuneOptions {
        @Option(names = "--steps", paramLabel = "N", description = "How many updates.")
        private @Nullable Long steps;

        @Option(names = "--learning-rate", paramLabel = "R", description = "The rate after warm-up.")
        private @Nullable Double learningRate;

        @Mixin
        private final WorkerOptions workers = new WorkerOptions();

        @Option(names = "--tokenizer", paramLabel = "F", description = "The tokenizer.json, where it was moved.")
        private @Nullable Path tokenizer;

        void over(Configuration.Builder layers, Path folder) {
            option(layers, "flm.train.steps", steps, "--steps", folder);
            option(layers, "flm.train.learning-rate", learningRate, "--learning-rate", folder);
            workers.over(layers, folder);
            option(
                    layers,
                    "flm.data.tokenizer",
                    tokenizer == null ? null : tokenizer.toString(),
                    "--tokenizer",
                    folder);
        }
    }
}
