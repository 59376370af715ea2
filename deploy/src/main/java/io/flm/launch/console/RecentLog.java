package io.flm.launch.console;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.flm.coordinator.http.NodeRecords;
import io.flm.coordinator.http.NodeRecords.LogLine;
import io.flm.data.PlainText;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The newest lines of this process's log, for its page: cut, in one line each, and without stack traces. Like the log, one a process. */
public final class RecentLog extends AppenderBase<ILoggingEvent> {
    private static final RecentLog OF_PROCESS = new RecentLog(NodeRecords.MOST_LINES);
    private static final int LONGEST = 1000;

    private final int most;
    private final Deque<LogLine> lines = new ArrayDeque<>();

    /** @param most lines that are kept */
    RecentLog(int most) {
        this.most = most;
    }

    static RecentLog ofProcess() {
        return OF_PROCESS;
    }

    /** The newest lines of this process's log, the newest last. */
    public static List<LogLine> lines() {
        return OF_PROCESS.kept();
    }

    @Override
    protected void append(ILoggingEvent event) {
        String text = String.valueOf(event.getFormattedMessage());
        String name = event.getLoggerName();
        LogLine line = new LogLine(
                event.getTimeStamp(),
                String.valueOf(event.getLevel()),
                name.substring(name.lastIndexOf('.') + 1),
                PlainText.of(PlainText.cut(text, LONGEST)));
        synchronized (lines) {
            lines.addLast(line);
            if (lines.size() > most) {
                lines.removeFirst();
            }
        }
    }

    List<LogLine> kept() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }
}
