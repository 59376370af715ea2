package io.flm.exchange;

/** The step cannot be finished in this generation: a member was lost or the exchange was closed. Nothing was committed. */
public final class ExchangeException extends Exception {
    private static final long serialVersionUID = 1L;

    public ExchangeException(String message) {
        super(message);
    }

    public ExchangeException(String message, Throwable cause) {
        super(message, cause);
    }
}
