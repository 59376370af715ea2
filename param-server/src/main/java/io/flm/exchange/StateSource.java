package io.flm.exchange;

import java.nio.ByteBuffer;

/** The state of a member as bytes. It is the same on every member after the same step. */
public interface StateSource {
    long sizeBytes();

    /**
     * Fills a buffer with the bytes from {@code offset} on. Called by the exchange's thread, or by the trainer that fetches, while
     * the member's trainer already computes its first step: the state does not change before that step's sums are there, and those
     * need the receivers too.
     */
    void read(long offset, ByteBuffer into);
}
