package io.flm.launch.command;

import io.flm.data.UserException;
import io.flm.launch.console.Failure;
import io.flm.launch.console.LogForm;
import io.flm.launch.console.Logs;
import io.flm.launch.console.PlainOutput;
import io.flm.launch.console.Program;
import io.flm.launch.console.Screen;
import io.flm.launch.run.FreeMemory;
import io.flm.launch.submit.Pretraining;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine;

/** A world for commands in which everything that they say is kept, and whose runs are what the test makes of them. */
public final class TestEnvironment {
    /** The repository: tests start in the folder of their module. */
    public static final Path ROOT = root();

    /** As from a terminal in the repository. */
    public static final Program PROGRAM = new Program("deploy/flm");

    static final FreeMemory MEMORY = new FreeMemory(23.5 * (1 << 30), "this machine has free");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final KeptLogs logs = new KeptLogs();
    private final Environment environment;

    /** Runs do not start in it. */
    public TestEnvironment(Path folder) {
        this(folder, (request, listener) -> {
            throw new UserException("no run is expected here");
        });
    }

    public TestEnvironment(Path folder, Pretraining.Starter starter) {
        this(folder, starter, () -> MEMORY);
    }

    /** @param memory asked between the look at a run's folder and its making */
    TestEnvironment(Path folder, Pretraining.Starter starter, Supplier<FreeMemory> memory) {
        environment = new Environment(
                new PlainOutput(out),
                new Screen(new PrintStream(err, true, StandardCharsets.UTF_8), 0, PROGRAM),
                folder,
                ROOT,
                () -> 0,
                memory,
                PROGRAM,
                starter);
    }

    Environment environment() {
        return environment;
    }

    CommandLine commandLine(String... arguments) {
        return FlmCommand.commandLine(environment, logs, e -> Failure.FAILED, arguments);
    }

    /** Runs a command line and returns its exit code. */
    public int flm(String... arguments) {
        out.reset();
        err.reset();
        return new Cli(environment, logs).run(arguments);
    }

    public String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The lines of standard error. */
    public List<String> err() {
        return err.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** Log lines go where the test's own go; only where users are sent is kept. */
    private static final class KeptLogs implements Logs {
        private Path file = Path.of("temporary.log");

        @Override
        public void begin() {}

        @Override
        public void to(Path newFile, LogForm form) {
            file = newFile;
        }

        @Override
        public void toTemporary() {
            file = Path.of("temporary.log");
        }

        @Override
        public void mute() {}

        @Override
        public String place() {
            return file.toString();
        }

        @Override
        public void close(boolean keep) {}
    }

    private static Path root() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve("deploy/flm"))) {
                return folder;
            }
        }
        throw new IllegalStateException("not within the repository");
    }
}
