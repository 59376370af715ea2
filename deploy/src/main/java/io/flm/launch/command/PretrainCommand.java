package io.flm.launch.command;

import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Logs;
import io.flm.launch.console.Version;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import java.nio.file.Path;
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
    @Mixin
    private final PretrainOptions options = new PretrainOptions();

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description =
                    "Begins a new run with the weights of a checkpoint or run, and its configuration in the place of"
                            + " the preset; moments and steps begin anew.")
    private @Nullable Path from;

    PretrainCommand(Environment environment, Logs logs) {
        super(environment, logs);
    }

    @Override
    void checkOptions() {
        if (from != null && resume) {
            throw new UserException(
                    "--from begins a new run: leave --resume out, or leave --from out to go on with a run");
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
    }
}
