package io.flm.launch;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The entry of the command line, with the real world for {@link Cli}. */
public final class Main {
    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    private Main() {}

    public static void main(String[] arguments) {
        Screen screen = new Screen(System.err, Integer.getInteger("flm.columns", 0));
        Logs logs = LogFiles.start(warning -> screen.println("flm: warning: " + warning));
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> LOG.error("thread {} ended", thread.getName(), e));
        Environment environment = new Environment(
                System.out, screen, Path.of("").toAbsolutePath(), home(), System::nanoTime, FollowedRun::start);
        System.exit(new Cli(environment, logs).run(arguments));
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
            LOG.warn("the folder of the program's classes has no path", e);
        }
        return Path.of("").toAbsolutePath();
    }
}
