package io.flm.data;

import java.io.IOException;

/** A server could not be read from, however often it was tried. */
final class RemoteFailure extends IOException {
    private static final long serialVersionUID = 1L;

    RemoteFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
