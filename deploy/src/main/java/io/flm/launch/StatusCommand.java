package io.flm.launch;

import io.flm.coordinator.RunView;
import io.flm.data.UserException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flm status}: where a run stands, once or again and again. */
@Command(
        name = "status",
        description = "Shows where a run stands: its state and why, steps, losses, speed, and each worker's part.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class StatusCommand implements Callable<Integer> {
    /** Carriage to the top left, and the terminal's "erase all below". */
    private static final String REDRAW = "\u001b[H\u001b[J";

    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final int PATIENCE = 15; // periods without an answer

    private final Environment environment;

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
        ControlClient client = nodes.client(environment);
        if (!watch) {
            show(client.get("/run", RunView.class), false);
            return Failure.OK;
        }
        int unanswered = 0;
        while (true) {
            try {
                RunView run = client.get("/run", RunView.class);
                unanswered = 0;
                show(run, environment.screen().isTerminal());
                if (run.ended()) {
                    return Failure.OK;
                }
            } catch (ControlClient.Unavailable e) {
                unanswered++;
                if (unanswered >= PATIENCE) {
                    throw new UserException(String.valueOf(e.getMessage()), e);
                }
                environment.say(String.valueOf(e.getMessage()));
            }
            Thread.sleep(PERIOD.toMillis());
        }
    }

    private void show(RunView run, boolean redraw) {
        PrintStream out = environment.out();
        if (json) {
            out.println(Json.line(run));
        } else {
            out.print((redraw ? REDRAW : "") + environment.program().shown(StatusText.of(run)));
        }
        out.flush();
    }
}
