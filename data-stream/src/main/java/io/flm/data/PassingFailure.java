package io.flm.data;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A try that failed and may succeed later. */
final class PassingFailure extends IOException {
    private static final long serialVersionUID = 1L;

    /** The longest time that a server is let ask for. */
    private static final long MOST_ASKED_SECONDS = 60;

    private final Duration pause;

    /** @param pause before the next try, at least */
    PassingFailure(String message, Duration pause, @Nullable Throwable cause) {
        super(message, cause);
        this.pause = pause;
    }

    /** Before the next try, at least. */
    Duration pause() {
        return pause;
    }

    /** Whether an answer of this status may be another one later. */
    static boolean is(int status) {
        return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
    }

    /** What {@code Retry-After} asks for; nothing, where it says no number of seconds. */
    static Duration asked(String retryAfter) {
        return Duration.ofSeconds(
                retryAfter.matches("\\d{1,6}") ? Math.min(MOST_ASKED_SECONDS, Long.parseLong(retryAfter)) : 0);
    }
}
