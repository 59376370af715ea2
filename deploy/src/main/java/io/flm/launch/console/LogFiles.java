package io.flm.launch.console;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.Layout;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import io.flm.data.FileErrors;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.files.PlainFile;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * All log lines, with stack traces, to a file; this program's warnings also to the user, without. Nothing else of the logs
 * reaches standard error.
 */
public final class LogFiles implements Logs {
    /** A file of which a full disk costs what it does not take, and not what comes after. The user is told once. */
    private static final class Lossy extends FilterOutputStream {
        private final Path file;
        private final Consumer<String> warnings;
        private boolean told;

        private Lossy(OutputStream out, Path file, Consumer<String> warnings) {
            super(out);
            this.file = file;
            this.warnings = warnings;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                if (!told) {
                    told = true; // before: a warning may be logged
                    String full = WriteErrors.full(e);
                    warnings.accept(file + ": the log cannot be written ("
                            + (full == null ? FileErrors.reason(e) : full) + "), and lacks lines from now on");
                }
            }
        }
    }

    private final Consumer<String> warnings;
    private @Nullable Logger root;
    private @Nullable OutputStreamAppender<ILoggingEvent> appender;
    private @Nullable Path file;
    private boolean temporary;
    private String unkept = ""; // why there is no file

    private LogFiles(Consumer<String> warnings) {
        this.warnings = warnings;
    }

    /** Logs of this process, once a command begins: help needs none, and to start them takes longer than all of help. */
    public static LogFiles of(Consumer<String> warnings) {
        LogFiles logs = new LogFiles(warnings);
        // Also where Ctrl-C ends the process: a temporary log that nobody was sent to is of no use.
        Runtime.getRuntime().addShutdownHook(new Thread(logs::removeTemporary, "end-of-log"));
        return logs;
    }

    private Logger root() {
        Logger begun = root;
        if (begun == null) {
            LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
            context.reset();
            begun = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
            begun.setLevel(Level.INFO);
            AppenderBase<ILoggingEvent> user = new AppenderBase<>() {
                @Override
                protected void append(ILoggingEvent event) {
                    // Errors are told once, by the command that fails.
                    if (event.getLevel() == Level.WARN && event.getLoggerName().startsWith("io.flm.")) {
                        warnings.accept(
                                event.getFormattedMessage().lines().findFirst().orElse(""));
                    }
                }
            };
            user.setContext(context);
            user.start();
            begun.addAppender(user);
            RecentLog recent = RecentLog.ofProcess();
            recent.setContext(context);
            recent.start();
            begun.addAppender(recent);
            root = begun;
        }
        return begun;
    }

    @Override
    public synchronized void begin() {
        if (root == null) {
            toTemporary();
        }
    }

    /** The folder is everybody's: a name that others can foresee could be a link of theirs to a file of this user's. */
    @Override
    public synchronized void toTemporary() {
        try {
            to(
                    Files.createTempFile("flm-", ".log"),
                    LogForm.TEXT,
                    warning -> {}); // nobody is sent there but by an error
            temporary = true;
        } catch (IOException e) {
            end();
            root();
            unkept = System.getProperty("java.io.tmpdir") + " takes no file (" + FileErrors.reason(e) + ")";
        }
    }

    @Override
    public synchronized void to(Path newFile, LogForm form) {
        to(newFile, form, warnings);
    }

    private void to(Path newFile, LogForm form, Consumer<String> unwritten) {
        OutputStream out;
        try {
            out = new Lossy(PlainFile.append(newFile), newFile, unwritten);
        } catch (IOException e) {
            throw new UserException(newFile + ": no log can be written there (" + FileErrors.reason(e) + ")", e);
        }
        end();
        LoggerContext context = root().getLoggerContext();
        Layout<ILoggingEvent> layout = form.layout();
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.start();
        OutputStreamAppender<ILoggingEvent> next = new OutputStreamAppender<>();
        next.setContext(context);
        next.setEncoder(encoder);
        next.setOutputStream(out);
        next.start();
        root().addAppender(next);
        appender = next;
        file = newFile;
        temporary = false;
    }

    @Override
    public synchronized void mute() {
        root().setLevel(Level.OFF);
    }

    @Override
    public synchronized String place() {
        return file == null ? "none, since " + unkept : file.toString();
    }

    @Override
    public synchronized void close(boolean keep) {
        temporary &= !keep;
        end();
    }

    private synchronized void removeTemporary() {
        if (temporary) {
            end();
        }
    }

    private void end() {
        OutputStreamAppender<ILoggingEvent> last = appender;
        if (last == null) {
            return;
        }
        root().detachAppender(last);
        last.stop();
        appender = null;
        Path left = file;
        file = null;
        if (temporary && left != null) {
            try {
                Files.deleteIfExists(left);
            } catch (IOException e) {
                root().warn("{}: cannot be removed", left, e);
            }
        }
    }
}
