package io.flm.launch.command;

import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
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
    /** The version as JSON. */
    private record VersionJson(String version, String java) {}

    private final Environment environment;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    VersionCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        if (json) {
            environment
                    .out()
                    .println(Json.line(
                            new VersionJson(Version.number(), Runtime.version().toString())));
        } else {
            environment.out().println(new Version().getVersion()[0]);
        }
        return Failure.OK;
    }
}
