package io.flm.data;

import java.io.IOException;

/** A server could not be read from, however often it was tried. */
final class RemoteFailure extends IOException {
    private static final long serialVersionUID = 1L;

    private final String why;

    RemoteFailure(String file, String why, Throwable cause) {
        super(file + ": " + why, cause);
        this.why = why;
    }

    String why() {
        return why;
    }
}
