package io.flm.launch.command;

import io.flm.launch.console.Failure;
import io.flm.launch.console.Logs;
import org.slf4j.LoggerFactory;

/** Runs one command line to its exit code. Whatever goes wrong is told in one line; stack traces are for the log. */
public final class Cli {
    private final Environment environment;
    private final Logs logs;
    private boolean logIsWanted;

    public Cli(Environment environment, Logs logs) {
        this.environment = environment;
        this.logs = logs;
    }

    public int run(String... arguments) {
        int exitCode;
        try {
            exitCode = FlmCommand.commandLine(environment, logs, this::tell, arguments)
                    .execute(arguments);
        } catch (Throwable e) { // errors too: of memory, of native libraries
            exitCode = tell(e);
        }
        logs.close(logIsWanted);
        return exitCode;
    }

    private int tell(Throwable thrown) {
        environment.screen().status("");
        Failure failure = Failure.of(thrown);
        if (failure.internal()) {
            logs.begin();
            LoggerFactory.getLogger(Cli.class).error("internal error", thrown);
            logIsWanted = true;
        }
        environment.say(failure.line() + (failure.internal() ? "; log: " + logs.place() : ""));
        return failure.exitCode();
    }
}
