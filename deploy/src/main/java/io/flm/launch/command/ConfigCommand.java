package io.flm.launch.command;

import io.flm.launch.config.Configuration;
import io.flm.launch.config.Settings;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.worker.config.Key;
import io.flm.worker.config.Keys;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm config}: every key with its effective value and what set it, or all that is known of some keys. */
@Command(
        name = "config",
        description = {
            "Shows the keys of the configuration, their effective values and what set them, and checks them as a run does.",
            "With KEY: what it does, which values it takes, and whether a resumed run may change it."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ConfigCommand implements Callable<Integer> {
    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Parameters(paramLabel = "KEY", arity = "0..*", description = "A key, or a group of them, such as flm.train.")
    private List<String> names = List.of();

    @Option(names = "--explain", description = "Explains all keys.")
    private boolean explain;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    ConfigCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Configuration configuration = options.layers(environment).build();
        List<Key> keys = new ArrayList<>();
        names.forEach(name -> keys.addAll(Configuration.knownKeys().find(name)));
        Settings.check(configuration.config());
        if (json) {
            Map<String, Object> shown = new LinkedHashMap<>();
            (names.isEmpty() ? Keys.known().byName().values() : keys)
                    .forEach(key -> shown.put(key.name(), configuration.toMap(key)));
            environment.out().println(Json.line(shown));
        } else if (explain || !names.isEmpty()) {
            (names.isEmpty() ? Keys.known().byName().values() : keys)
                    .forEach(key -> environment.out().println(configuration.explain(key)));
        } else {
            environment.out().print(configuration.render());
        }
        return Failure.OK;
    }
}
