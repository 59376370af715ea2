package io.flm.launch.console;

import java.util.Map;

/** What this process works on, for log lines that programs read. A thread that knows better says so by slf4j's MDC. */
public final class LogFields {
    private static volatile Map<String, String> current = Map.of();

    private LogFields() {}

    /** From now on: such as run, generation and step. */
    public static void set(Map<String, String> fields) {
        current = Map.copyOf(fields);
    }

    static Map<String, String> current() {
        return current;
    }
}
