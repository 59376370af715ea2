package io.flm.launch.console;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Layout;
import com.typesafe.config.Config;
import java.util.Locale;

/** How a log file is written. */
public enum LogForm {
    /** Lines for people. */
    TEXT,
    /** An object a line, for programs. */
    JSON;

    /** Reads {@code flm.log.format}. */
    public static LogForm from(Config root) {
        return valueOf(root.getString("flm.log.format").toUpperCase(Locale.ROOT));
    }

    Layout<ILoggingEvent> layout() {
        return this == JSON ? new JsonLogLayout() : new LogLayout();
    }
}
