package io.flm.launch.console;

import com.typesafe.config.ConfigException;
import io.flm.data.FileErrors;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.worker.torch.MemoryShortage;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What is told of a failed command, in one line, and the exit code. A fault that is not the user's is named "internal error":
 * its stack trace is for the log.
 */
public record Failure(String line, int exitCode, boolean internal) {
    /** The command did what it was asked. */
    public static final int OK = 0;
    /** The run or the check failed after it had begun. */
    public static final int FAILED = 1;
    /** The command line, the configuration, the data or the machine do not allow the command to begin. */
    public static final int REFUSED = 2;

    public static Failure of(Throwable thrown) {
        Throwable cause = unwrapped(thrown);
        String known = knownCause(cause);
        if (known != null) {
            return new Failure(oneLine(known), REFUSED, false);
        }
        return new Failure("internal error: " + oneLine(String.valueOf(cause)), FAILED, true);
    }

    /** The same failure, of something that had begun. */
    public Failure ofRun() {
        return new Failure(line, FAILED, internal);
    }

    private static Throwable unwrapped(Throwable thrown) {
        Throwable cause = thrown;
        while (true) {
            Throwable inner = cause.getCause();
            boolean wrapper = cause instanceof CompletionException
                    || cause instanceof ExecutionException
                    || cause instanceof ExceptionInInitializerError
                    || cause instanceof java.io.UncheckedIOException;
            if (!wrapper || inner == null) {
                return cause;
            }
            cause = inner;
        }
    }

    private static @Nullable String knownCause(Throwable cause) {
        if (cause instanceof UserException) {
            return String.valueOf(cause.getMessage());
        }
        if (cause instanceof ConfigException) {
            return "configuration: " + cause.getMessage() + "; `flm config` shows keys, values and origins";
        }
        Optional<String> shortage = MemoryShortage.of(cause);
        if (shortage.isPresent()) {
            return shortage.get();
        }
        if (cause instanceof LinkageError && isNative(cause)) {
            return "the native libraries could not be loaded (" + cause.getMessage()
                    + "); `flm doctor` says what is missing";
        }
        if (cause instanceof InvalidPathException e) { // NUL, or letters that the locale's charset lacks
            return e.getInput() + ": not a path here (" + e.getReason() + "); give another name, or set LC_ALL=C.UTF-8";
        }
        if (cause instanceof FileSystemException e) {
            return knownFileCause(e);
        }
        String full = WriteErrors.full(cause);
        return full == null ? null : full + " (" + cause.getMessage() + "); make room and go on with --resume";
    }

    private static boolean isNative(Throwable cause) {
        return cause instanceof UnsatisfiedLinkError
                || String.valueOf(cause.getMessage()).contains("ai.djl");
    }

    private static String knownFileCause(FileSystemException e) {
        String full = WriteErrors.full(e);
        if (full != null) {
            return e.getFile() + ": " + full + "; make room and go on with --resume";
        }
        return e.getFile() + ": " + FileErrors.reason(e);
    }

    private static String oneLine(String message) {
        return message.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .reduce((a, b) -> a + " " + b)
                .orElse("");
    }
}
