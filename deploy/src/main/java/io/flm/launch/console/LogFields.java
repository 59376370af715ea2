package io.flm.launch.console;

import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What this process works on, for log lines. A thread that knows better says so by slf4j's MDC. */
public final class LogFields {
    private static volatile Map<String, String> current = Map.of();

    private LogFields() {}

    /** From now on: such as run, generation and step. */
    public static void set(Map<String, String> fields) {
        current = Map.copyOf(fields);
    }

    /** Those of a line, by name: what its thread says of itself, else what the process works on. */
    static SortedMap<String, String> of(ILoggingEvent event) {
        SortedMap<String, String> fields = new TreeMap<>(current);
        fields.putAll(event.getMDCPropertyMap());
        return fields;
    }
}
