package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.data.SourceSettings;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Version;
import io.flm.launch.console.Waiting;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.train.RunData;
import io.flm.worker.train.SameFiles;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.weights.InitialWeights;
import io.flm.worker.weights.Part;
import io.flm.worker.weights.WeightSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm pretrain}: collects the configuration, takes a run folder, trains, evaluates. */
@Command(
        name = "pretrain",
        description = {
            "Pretrains a model. Without options: the emoji model, on the data that ship with the program.",
            "Progress goes to standard error; curves, log, checkpoints and the effective configuration to the run's folder."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class PretrainCommand extends TrainCommand {
    private static final String IMAGE = "image=";
    private static final String TEXT = "text=";

    @Mixin
    private final PretrainOptions options = new PretrainOptions();

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description =
                    "Begins a new run with the weights of a checkpoint or run, and its configuration in the place of"
                            + " the preset; moments and steps begin anew.")
    private @Nullable Path from;

    @Option(
            names = "--init",
            paramLabel = "[image=|text=]PATH",
            description =
                    "Begins with weights of other programs: image= of CLIP, text= of RoBERTa or BERT, or without a word a"
                            + " whole METER or FLM checkpoint. A file (safetensors, ckpt, pt, bin, index.json) or a model's"
                            + " folder; repeat for both encoders.")
    private List<String> init = List.of();

    PretrainCommand(Environment environment, Logs logs) {
        super(environment, logs);
    }

    @Override
    void checkOptions() {
        if (from != null && resume) {
            throw new UserException(
                    "--from begins a new run: leave --resume out, or leave --from out to go on with a run");
        }
        if (!init.isEmpty() && (resume || from != null)) {
            throw new UserException("--init begins a new run with weights of other programs: leave "
                    + (resume ? "--resume" : "--from") + " out, or leave --init out");
        }
        super.checkOptions();
    }

    @Override
    String runName() {
        return configOptions.presetName();
    }

    @Override
    Configuration.Builder newRun() {
        if (from == null) {
            return configOptions.layers(environment);
        }
        Checkpoint checkpoint = CheckpointStore.find(environment.resolve(from), environment::say);
        return configOptions
                .layersFrom(checkpoint, environment)
                .option("flm.checkpoint.from", checkpoint.folder().toString(), "--from", environment.folder());
    }

    @Override
    void over(Configuration.Builder layers) {
        options.over(layers, environment.folder());
        init.forEach(each -> {
            Part part = each.startsWith(IMAGE) ? Part.IMAGE : each.startsWith(TEXT) ? Part.TEXT : Part.WHOLE;
            String path = part == Part.WHOLE ? each : each.substring(each.indexOf('=') + 1);
            if (path.isEmpty()) {
                throw new UserException("--init " + each + ": give the file behind it");
            }
            if (part == Part.WHOLE && path.matches("[a-z]+=.*") && !Files.exists(environment.resolve(Path.of(path)))) {
                throw new UserException("--init " + each
                        + ": no such word; give image=PATH, text=PATH, or the PATH of a whole checkpoint");
            }
            layers.option(WeightSource.key(part), path, "--init", environment.folder());
        });
    }

    /** Files that do not fit are refused before there is a run, and what becomes of their tensors is told. */
    @Override
    void look(Config config) {
        SameFiles.told(
                        SourceSettings.paths(config),
                        SourceSettings.names(config).isEmpty() ? "--data" : "--source",
                        RunData.paths(config, "flm.data.eval-paths"),
                        "--eval-data")
                .ifPresent(environment::warn);
        if (config.getBoolean("flm.train.matching") && !resume) {
            try (Waiting waiting = Waiting.shown(environment.screen(), "looking at the data");
                    RunData data = RunData.open(config, environment::say)) {
                waiting.on("reading texts, for matching");
                SameTexts.told(data.examples()).ifPresent(environment::warn);
            }
        }
        List<WeightSource> sources = WeightSource.from(config);
        if (sources.isEmpty() || resume) { // a run that goes on has its weights
            return;
        }
        try (Waiting waiting = Waiting.shown(environment.screen(), "looking at the weights");
                Tokenizer tokenizer = Tokenizer.load(Path.of(config.getString("flm.data.tokenizer")));
                InitialWeights weights = InitialWeights.open(
                        sources,
                        ModelSettings.from(config),
                        TrainSettings.from(config).objective().parts(),
                        tokenizer.vocabulary())) {
            waiting.on("reading "
                    + sources.stream().map(source -> source.path().toString()).toList());
            weights.sha256(); // so all values are seen
            weights.report().table().lines().forEach(environment::say);
        }
    }
}
