package io.flm.exchange;

/** Another node did not send what was agreed; the generation cannot go on. */
final class ProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message);
    }
}
