package io.flm.launch.command;

import io.flm.coordinator.RunView;
import io.flm.data.UserException;
import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.launch.report.StatusText;
import io.flm.launch.run.LastStatus;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.run.RunFiles;
import io.flm.launch.submit.ControlClient;
import io.flm.launch.submit.Nodes;
import io.flm.launch.submit.RunFeed;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm status}: where a run stands, once or again and again; before its nodes answer, and after they have ended, too. */
@Command(
        name = "status",
        description = {
            "Shows where a run stands: its state and why, steps, losses, speed, and each worker's part.",
            "Waits for a run that is being started; of one that has ended it shows the last state."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class StatusCommand implements Callable<Integer> {
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration STEP = Duration.ofMillis(200); // while nodes do not answer
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Environment environment;
    private @Nullable RunView last;

    @Mixin
    private final NodeOptions nodes = new NodeOptions();

    @Option(names = "--watch", description = "Shows it every second, until the run ends or Ctrl-C.")
    private boolean watch;

    @Option(names = "--json", description = "Prints one JSON object, with --watch one a line.")
    private boolean json;

    StatusCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws InterruptedException {
        @Nullable Path folder = nodes.byAddress() ? null : nodes.folder(environment);
        ControlClient client = nodes.questions(environment);
        try (RunFeed feed = new RunFeed(client, environment.nanoTime())) {
            while (true) {
                RunView run = next(() -> watch ? feed.look() : client.get("/run", RunView.class), folder);
                show(run, isOver(run) ? Optional.empty() : client.page());
                if (!watch || isOver(run)) {
                    return Failure.OK;
                }
                last = run;
                Thread.sleep(PERIOD.toMillis());
            }
        }
    }

    /** The run as a node tells it, or as it ended; waits while it is being started, or its nodes are. */
    private RunView next(Supplier<RunView> look, @Nullable Path folder) throws InterruptedException {
        long tries = 0;
        while (true) {
            try {
                RunView run = look.get();
                if (run.id().isEmpty() && folder != null && LastStatus.isFollowed(folder)) {
                    throw new ControlClient.Unavailable("no node of " + folder + " knows the run yet", "");
                }
                return run;
            } catch (ControlClient.Unavailable e) {
                if (folder != null) {
                    if (!mayBeRun(folder)) {
                        throw new UserException(folder + ": no run there; flm runs lists those of a folder", e);
                    }
                    RunView run = LastStatus.of(folder);
                    if (isOver(run)) {
                        return run;
                    }
                }
                Duration patience = folder == null ? (last == null ? Duration.ZERO : PATIENCE) : Nodes.START_TIMEOUT;
                if (STEP.multipliedBy(tries).compareTo(patience) >= 0) {
                    throw new UserException(e.getMessage() + seen(), e);
                }
                if (tries == 0) {
                    environment.say((folder == null ? "the node" : "no node of " + folder)
                            + (folder == null ? " does not answer" : " answers")
                            + (last == null ? " yet" : " at present") + "; waiting");
                }
                tries++;
                Thread.sleep(STEP.toMillis());
            }
        }
    }

    /** Also one of which no more is there yet than its command, or a node. */
    private static boolean mayBeRun(Path folder) {
        return RunFiles.isRun(folder) || LastStatus.isFollowed(folder) || Files.isDirectory(NodeFiles.folder(folder));
    }

    private static boolean isOver(RunView run) {
        return run.ended() || run.state().equals("stopped");
    }

    private String seen() {
        RunView run = last;
        return run == null ? "" : "; last seen: " + run.state() + ", step " + run.step() + " of " + run.totalSteps();
    }

    private void show(RunView run, Optional<String> page) {
        PrintStream out = environment.out();
        if (json) {
            out.println(Json.line(run));
        } else {
            if (watch) {
                environment.screen().clear();
            }
            out.print(environment.program().shown(StatusText.of(run, page)));
        }
        out.flush();
    }
}
