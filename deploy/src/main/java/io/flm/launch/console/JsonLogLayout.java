package io.flm.launch.console;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A log line as an object: when, how grave, who, where in training, what, and the stack trace of an error. */
final class JsonLogLayout extends LayoutBase<ILoggingEvent> {
    /** Fields that are numbers; a name such as a run's is a text, even if it has digits alone. */
    private static final Set<String> NUMBERS = Set.of("generation", "step", "rank");

    @Override
    public String doLayout(ILoggingEvent event) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", Instant.ofEpochMilli(event.getTimeStamp()).toString());
        line.put("level", event.getLevel().toString());
        line.put("logger", event.getLoggerName());
        line.put("thread", event.getThreadName());
        LogFields.of(event)
                .forEach((name, value) -> line.put(
                        name, NUMBERS.contains(name) && value.matches("\\d{1,18}") ? Long.valueOf(value) : value));
        line.put("message", String.valueOf(event.getFormattedMessage()));
        if (event.getThrowableProxy() != null) {
            line.put("error", ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        return Json.line(line) + "\n";
    }
}
