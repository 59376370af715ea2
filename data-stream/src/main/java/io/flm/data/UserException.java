package io.flm.data;

/**
 * An error that the user caused and can mend. The message is one line: what is wrong, where, and what to do. The launcher
 * prints it without a stack trace and exits non-zero.
 */
public class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UserException(String message) {
        super(message);
    }

    public UserException(String message, Throwable cause) {
        super(message, cause);
    }
}
