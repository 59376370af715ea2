package io.flm.coordinator.http;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Who sends a request.
 *
 * @param by how the role was shown
 * @param session the name of the sign-in, for the log; empty: none
 * @param until when the sign-in ends; null: the role lasts as long as the token
 */
record Caller(Role role, By by, String session, @Nullable Instant until) {
    /** How a role is shown. */
    enum By {
        /** Not at all: the node is on loopback and wants no token. */
        LOOPBACK,
        TOKEN,
        COOKIE
    }

    /** Everybody on the machine, where no token is wanted. */
    static final Caller ANYBODY = new Caller(Role.OPERATE, By.LOOPBACK, "", null);

    static Caller withToken(Role role) {
        return new Caller(role, By.TOKEN, "", null);
    }

    /** As a log line has it: never a token. */
    @Override
    public String toString() {
        return role.text()
                + switch (by) {
                    case LOOPBACK -> " (no token wanted)";
                    case TOKEN -> " (token)";
                    case COOKIE -> " (cookie " + session + ")";
                };
    }
}
