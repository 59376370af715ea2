package io.flm.launch;

import io.flm.data.PlainText;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm config}: every key with its effective value and what set it. */
@Command(
        name = "config",
        description = "Shows every key of the configuration, its effective value and what set it.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ConfigCommand implements Callable<Integer> {
    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    ConfigCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Configuration configuration = options.layers(environment).build();
        if (json) {
            environment.out().println(Json.line(configuration.toMap()));
        } else {
            environment.out().print(PlainText.lines(configuration.render()));
        }
        return Failure.OK;
    }
}
