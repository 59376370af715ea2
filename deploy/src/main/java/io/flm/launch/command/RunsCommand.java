package io.flm.launch.command;

import io.flm.coordinator.RunView;
import io.flm.data.PlainText;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.RunFiles;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flm runs}: the runs of a folder, without asking any node. */
@Command(
        name = "runs",
        description = "Lists runs, the one that was worked on last first: state, steps, loss, and when that was.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class RunsCommand implements Callable<Integer> {
    private static final DateTimeFormatter WHEN = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");

    private final Environment environment;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "The folder of runs. Default: runs.")
    private Path runs = Path.of("runs");

    @Option(names = "--json", description = "Prints one JSON object a run.")
    private boolean json;

    RunsCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Path folder = environment.resolve(runs);
        List<Path> all = RunFiles.all(folder);
        if (all.isEmpty()) {
            environment.say(folder + ": holds no run");
        }
        for (Path run : all) {
            RunView view = LastStatus.of(run);
            environment.out().println(json ? Json.line(new RunJson(run, view)) : line(run, view));
        }
        return Failure.OK;
    }

    private static String line(Path run, RunView view) {
        return PlainText.of(String.format(
                Locale.ROOT,
                "%-24s %-12s step %,d of %,d%s  %s",
                run.getFileName(),
                view.state(),
                view.step(),
                view.totalSteps(),
                view.loss() == null ? "" : String.format(Locale.ROOT, ", loss %.3f", view.loss()),
                WHEN.format(Instant.ofEpochMilli(RunFiles.lastWorkedOn(run)).atZone(ZoneId.systemDefault()))));
    }

    /** A run as JSON. */
    private record RunJson(
            String run,
            String state,
            String reason,
            long step,
            long totalSteps,
            @Nullable Double loss,
            String workedOnAt) {
        private RunJson(Path run, RunView view) {
            this(
                    run.toString(),
                    view.state(),
                    view.reason(),
                    view.step(),
                    view.totalSteps(),
                    view.loss(),
                    Instant.ofEpochMilli(RunFiles.lastWorkedOn(run)).toString());
        }
    }
}
