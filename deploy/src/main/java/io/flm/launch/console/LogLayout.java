package io.flm.launch.console;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.util.CachingDateFormatter;
import io.flm.data.PlainText;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A log line: one for each message whatever it holds, with where in training; a stack trace follows in lines that begin with a tab. */
final class LogLayout extends LayoutBase<ILoggingEvent> {
    /** Fields that a reader wants on each line; programs get the others, too. */
    private static final List<String> PLACE = List.of("run", "generation", "rank", "step");

    private final CachingDateFormatter time = new CachingDateFormatter("yyyy-MM-dd HH:mm:ss.SSS");

    @Override
    public String doLayout(ILoggingEvent event) {
        String logger = event.getLoggerName();
        StringBuilder text = new StringBuilder();
        text.append(time.format(event.getTimeStamp()))
                .append(String.format(" %-5s ", event.getLevel()))
                .append(logger.substring(logger.lastIndexOf('.') + 1))
                .append(" [")
                .append(PlainText.of(event.getThreadName()))
                .append("] ")
                .append(place(event))
                .append(PlainText.of(String.valueOf(event.getFormattedMessage())))
                .append('\n');
        if (event.getThrowableProxy() != null) {
            ThrowableProxyUtil.asString(event.getThrowableProxy())
                    .lines()
                    .map(line -> "\t" + PlainText.of(line.strip()) + "\n")
                    .forEach(text::append);
        }
        return text.toString();
    }

    /** {@code (run emoji-1, generation 3, rank 1, step 121) }; empty: nothing trains. */
    private static String place(ILoggingEvent event) {
        Map<String, String> fields = LogFields.of(event);
        String place = PLACE.stream()
                .flatMap(name -> Stream.ofNullable(fields.get(name)).map(value -> name + " " + PlainText.of(value)))
                .collect(Collectors.joining(", "));
        return place.isEmpty() ? "" : "(" + place + ") ";
    }
}
