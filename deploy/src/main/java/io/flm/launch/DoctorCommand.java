package io.flm.launch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm doctor}: what this machine offers, what is missing, and what to do about it. */
@Command(
        name = "doctor",
        description =
                "Looks at Java, memory, cores, torch, ports, disk and data; exits with 1 where something is missing.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class DoctorCommand implements Callable<Integer> {
    private final Environment environment;

    @Mixin
    private final ConfigOptions options = new ConfigOptions();

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    DoctorCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Checkup checkup = new Checkup();
        Machine.look(checkup, options.layers(environment).build().config(), environment.folder());
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("passed", checkup.passed());
            result.put("findings", checkup.toList());
            environment.out().println(Json.line(result));
        } else {
            environment.out().print(checkup.render());
        }
        return checkup.passed() ? Failure.OK : Failure.FAILED;
    }
}
