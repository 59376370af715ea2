package io.flm.launch.console;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.util.CachingDateFormatter;
import io.flm.data.PlainText;

/** A log line: one for each message whatever it holds; a stack trace follows in lines that begin with a tab. */
final class LogLayout extends LayoutBase<ILoggingEvent> {
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
}
