package io.flm.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Why a file cannot be written, in one line that says what to do. For a full disk Java has no exception, only the system's words. */
public final class WriteErrors {
    private WriteErrors() {}

    /** What is full, such as {@code the disk is full}; null where something else failed. */
    public static @Nullable String full(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof IOException e) {
                String reason = FileErrors.reason(e).toLowerCase(Locale.ROOT);
                if (reason.contains("no space left")) {
                    return "the disk is full";
                }
                if (reason.contains("quota exceeded")) {
                    return "the disk quota is used up";
                }
            }
        }
        return null;
    }

    /**
     * Of a file or folder.
     *
     * @param otherwise what to do where the disk is not full
     */
    public static UserException of(Path file, IOException e, String otherwise) {
        String full = full(e);
        return new UserException(
                file + ": cannot be written (" + (full == null ? FileErrors.reason(e) : full) + "); "
                        + (full == null ? otherwise : "make room"),
                e);
    }
}
