package io.flm.launch.console;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This very program once more, in a process of its own. */
public final class SelfProcess {
    /** Set for a process that ends with the one that started it. */
    private static final String ENDS_WITH_INPUT = "flm.ends-with-input";

    /** As of a process that SIGTERM ended. */
    private static final int ENDED = 143;

    private SelfProcess() {}

    /** With these arguments. The class path goes by the environment: so {@code ps} shows what the process is. */
    public static ProcessBuilder command(List<String> arguments) {
        return command(List.of(), arguments);
    }

    /**
     * The same; it ends when its standard input is closed, so with this process, however that ends. What it was about to write is lost
     * then.
     */
    public static ProcessBuilder dependent(List<String> arguments) {
        return command(List.of("-D" + ENDS_WITH_INPUT + "=true"), arguments);
    }

    private static ProcessBuilder command(List<String> options, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-Dflm.columns")
                        && !argument.startsWith("-agentlib")
                        && !argument.startsWith("-D" + ENDS_WITH_INPUT))
                .forEach(command::add);
        command.addAll(options);
        command.add(Program.MAIN_CLASS);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder;
    }

    /** Of a process that {@link #dependent} started: from now on it ends when the stream does. Of others nothing is read. */
    public static void endWith(InputStream input) {
        if (!Boolean.getBoolean(ENDS_WITH_INPUT)) {
            return;
        }
        Thread thread = new Thread(
                () -> {
                    try {
                        while (input.read() >= 0) {
                            // nothing is said that way
                        }
                    } catch (IOException e) {
                        // closed, too
                    }
                    Runtime.getRuntime().halt(ENDED);
                },
                "standard-input");
        thread.setDaemon(true);
        thread.start();
    }
}
