package io.flm.data;

/** One sample cannot be used; the message says which, and why: {@code shard:key: cause}. The run goes on with another. */
public final class SampleException extends Exception {
    private static final long serialVersionUID = 1L;

    public SampleException(String sample, String cause) {
        super(sample + ": " + cause);
    }
}
