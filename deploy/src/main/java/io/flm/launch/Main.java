package io.flm.launch;

import io.flm.launch.command.Cli;
import io.flm.launch.command.Environment;
import io.flm.launch.console.Interrupts;
import io.flm.launch.console.LogFiles;
import io.flm.launch.console.Logs;
import io.flm.launch.console.PlainOutput;
import io.flm.launch.console.Program;
import io.flm.launch.console.Results;
import io.flm.launch.console.Screen;
import io.flm.launch.console.SelfProcess;
import io.flm.launch.run.FreeMemory;
import io.flm.launch.submit.SubmittedRun;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The entry of the command line, with the real world for {@link Cli}. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        // UTF-8 whatever the locale is: services, cron and containers have none.
        Results results = new Results(new FileOutputStream(FileDescriptor.out));
        PrintStream out = new PlainOutput(results);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        System.setOut(out);
        System.setErr(err);
        SelfProcess.endWith(System.in);
        Path home = home();
        Program program = Program.called(home);
        Screen screen = new Screen(err, Integer.getInteger("flm.columns", 0), program);
        if (screen.isTerminal()) {
            Interrupts.onResize(() -> columns().ifPresent(screen::resize));
        }
        Logs logs = LogFiles.of(warning -> screen.println("flm: warning: " + warning));
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> log().error("thread {} ended", thread.getName(), e));
        Environment environment = new Environment(
                out,
                screen,
                Path.of("").toAbsolutePath(),
                home,
                System::nanoTime,
                FreeMemory::ofThisProcess,
                program,
                SubmittedRun::start);
        int exitCode = new Cli(environment, logs).run(arguments);
        out.flush();
        System.exit(results.exitCode(exitCode, screen));
    }

    /** No constant: who asks for help needs no log. */
    private static Logger log() {
        return LoggerFactory.getLogger(Main.class);
    }

    /** How wide the terminal is by now; Java itself cannot tell. */
    private static OptionalInt columns() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(Path.of("/dev/tty").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String[] size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                    .strip()
                    .split(" ", -1);
            int columns = size.length == 2 ? Integer.parseInt(size[1]) : 0;
            return columns > 0 ? OptionalInt.of(columns) : OptionalInt.empty();
        } catch (IOException | NumberFormatException e) {
            log().info("the terminal's width is not known", e);
            return OptionalInt.empty();
        }
    }

    /** The repository: where {@code deploy/flm} says, else above these classes. */
    private static Path home() {
        String told = System.getProperty("flm.home");
        if (told != null) {
            return Path.of(told);
        }
        try {
            Path classes = Path.of(Main.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            for (Path folder = classes; folder != null; folder = folder.getParent()) {
                if (Files.isRegularFile(folder.resolve("deploy/flm"))) {
                    return folder;
                }
            }
        } catch (URISyntaxException e) {
            log().warn("the folder of the program's classes has no path", e);
        }
        return Path.of("").toAbsolutePath();
    }
}
