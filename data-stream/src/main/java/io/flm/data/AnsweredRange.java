package io.flm.data;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which bytes of a file an answer brings, as its {@code Content-Range} says.
 *
 * @param first byte
 * @param sizeBytes of the whole file
 */
record AnsweredRange(long first, long sizeBytes) {
    private static final Pattern PART = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    /** Reads the header; null: it says no part. */
    static @Nullable AnsweredRange of(@Nullable String header) {
        Matcher part = PART.matcher(header == null ? "" : header);
        return part.matches() ? new AnsweredRange(Long.parseLong(part.group(1)), Long.parseLong(part.group(3))) : null;
    }

    /**
     * Why a part is not the one that is wanted; null: it is.
     *
     * @param range of the answer; null: it says none
     * @param pinned what all answers must be of; null: of the first one
     */
    static @Nullable Fault fault(
            @Nullable AnsweredRange range, long position, ShardIdentity identity, @Nullable ShardIdentity pinned) {
        if (range == null || range.first != position) {
            return new Fault("its server sends another part than it was asked for", "give another server");
        }
        return pinned == null || pinned.isSameAs(identity)
                ? null
                : new Fault(
                        "has changed since it was opened first, and samples of both must not mix",
                        "put it back, or begin anew");
    }
}
