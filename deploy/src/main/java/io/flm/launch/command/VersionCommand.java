package io.flm.launch.command;

import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code flm version}. */
@Command(
        name = "version",
        description = "Prints the version.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class VersionCommand implements Callable<Integer> {
    private final Environment environment;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    VersionCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        if (json) {
            Map<String, Object> version = new LinkedHashMap<>();
            version.put("version", Version.number());
            version.put("java", Runtime.version().toString());
            environment.out().println(Json.line(version));
        } else {
            environment.out().println(new Version().getVersion()[0]);
        }
        return Failure.OK;
    }
}
