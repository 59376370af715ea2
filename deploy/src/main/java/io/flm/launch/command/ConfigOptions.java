package io.flm.launch.command;

import io.flm.launch.config.Configuration;
import io.flm.launch.config.Presets;
import io.flm.worker.checkpoint.Checkpoint;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options by which configuration is given; the later of each kind wins. */
final class ConfigOptions {
    @Option(
            names = "--preset",
            paramLabel = "NAME",
            completionCandidates = PartNames.OfPresets.class,
            description =
                    "The configuration to start from: ${COMPLETION-CANDIDATES}. Default: " + Presets.DEFAULT + ".")
    private @Nullable String preset;

    @Option(
            names = "--config",
            paramLabel = "F",
            description = "A configuration file (HOCON or JSON), over the preset.")
    private @Nullable Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One key of the configuration, over the file; `${ROOT-COMMAND-NAME} config` lists the keys.")
    private List<String> assignments = List.of();

    /** The preset's name, for the name of a run. */
    String presetName() {
        return preset == null ? Presets.DEFAULT : preset;
    }

    boolean namesPreset() {
        return preset != null;
    }

    /** All layers below the command's own options. */
    Configuration.Builder layers(Environment environment) {
        return over(Configuration.builder().preset(presetName(), environment.home()), environment);
    }

    /** The same with the data that a command's parameters name; none: those of the configuration. */
    Configuration.Builder layersOf(List<Path> data, Environment environment) {
        Configuration.Builder layers = layers(environment);
        if (!data.isEmpty()) {
            List<String> given = data.stream().map(Path::toString).toList();
            layers.option("flm.data.paths", given, "PATH", environment.folder());
        }
        return layers;
    }

    /** The same over a run's own configuration, which takes the place of the preset. */
    Configuration.Builder layersOver(Path runConfiguration, Environment environment) {
        return over(Configuration.builder().run(runConfiguration, environment::warn), environment);
    }

    /** The same over what this node's driver says. */
    Configuration.Builder layersOver(String driver, Environment environment) {
        return over(Configuration.builder().text(driver, "driver", environment.home()), environment);
    }

    /** The same over a checkpoint's configuration, unless a preset is named. */
    Configuration.Builder layersFrom(Checkpoint checkpoint, Environment environment) {
        return preset == null
                ? over(Configuration.builder().checkpoint(checkpoint, environment::warn), environment)
                : layers(environment);
    }

    /** The user's file and keys over other layers. */
    Configuration.Builder over(Configuration.Builder layers, Environment environment) {
        if (file != null) {
            layers.file(environment.resolve(file));
        }
        assignments.forEach(assignment -> layers.set(assignment, environment.folder()));
        return layers;
    }
}
