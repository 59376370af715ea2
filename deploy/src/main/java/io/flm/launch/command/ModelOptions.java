package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.launch.config.Configuration;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which trained model is asked, and what differs from the settings that it was trained with. */
final class ModelOptions {
    @Option(
            names = "--from",
            required = true,
            paramLabel = "RUN_OR_CHECKPOINT",
            description = "A run's folder, of which the newest whole checkpoint is taken, or a checkpoint's folder.")
    private Path from = Path.of("");

    @Option(names = "--tokenizer", paramLabel = "F", description = "The tokenizer.json, where it was moved.")
    private @Nullable Path tokenizer;

    @Option(names = "--devices", paramLabel = "D", description = "auto, cpu, or one such as cuda:0.")
    private @Nullable String devices;

    @Option(names = "--threads", paramLabel = "N", description = "Threads on the CPU.")
    private @Nullable Integer threads;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description =
                    "One key of the configuration, such as flm.evaluate.samples=0; `${ROOT-COMMAND-NAME} config` lists the keys.")
    private List<String> assignments = List.of();

    Path from(Environment environment) {
        return environment.resolve(from);
    }

    /** Only what the options set. */
    Config overrides(Environment environment) {
        return overrides(environment, layers -> {});
    }

    /** The same, and over it what a command's own options set. */
    Config overrides(Environment environment, Consumer<Configuration.Builder> own) {
        Configuration.Builder layers = Configuration.builder();
        Path folder = environment.folder();
        assignments.forEach(assignment -> layers.set(assignment, folder));
        if (tokenizer != null) {
            layers.option("flm.data.tokenizer", tokenizer.toString(), "--tokenizer", folder);
        }
        if (devices != null) {
            layers.option("flm.worker.devices", devices, "--devices", folder);
        }
        if (threads != null) {
            layers.option("flm.evaluate.threads", threads, "--threads", folder);
        }
        own.accept(layers);
        return layers.build().given();
    }
}
