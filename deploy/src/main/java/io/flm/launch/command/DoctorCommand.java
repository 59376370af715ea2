package io.flm.launch.command;

import com.typesafe.config.Config;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.doctor.DoctorReport;
import io.flm.launch.doctor.GoldenCheck;
import io.flm.launch.doctor.Machine;
import io.flm.worker.model.Precision;
import io.flm.worker.torch.WorkerSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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

    @Option(
            names = "--golden",
            paramLabel = "DIR",
            description = "Also compares the model with golden data of the official implementation,"
                    + " such as tests/golden/flm-tiny.")
    private @Nullable Path golden;

    @Option(names = "--devices", paramLabel = "D", description = "Where the comparison computes: auto, cpu or cuda:N.")
    private @Nullable String devices;

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "Of the comparison: fp32 (the default), or bf16, which is measured and not judged.")
    private Precision precision = Precision.FP32;

    DoctorCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        DoctorReport report = new DoctorReport();
        Config config = options.layers(environment).build().config();
        Machine.look(report, config, environment.folder());
        WorkerSettings worker = WorkerSettings.from(config);
        GoldenCheck parity = golden == null
                ? null
                : GoldenCheck.of(
                        environment.resolve(golden),
                        devices == null ? worker.devices() : devices,
                        precision,
                        worker.threads());
        boolean passed = report.passed() && (parity == null || parity.passed());
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("passed", passed);
            result.put("findings", report.findings());
            if (parity != null) {
                result.put("parity", parity.toList());
            }
            environment.out().println(Json.line(result));
        } else {
            environment.out().print(environment.program().shown(report.render()));
            if (parity != null) {
                environment.out().print(System.lineSeparator() + parity.render());
            }
        }
        return passed ? Failure.OK : Failure.FAILED;
    }
}
