package io.flm.exchange;

import java.nio.ByteBuffer;

/** Takes the bytes of another member's state, in order. Called by the exchange's thread, or by the trainer that fetches. */
public interface StateSink {
    /**
     * Tells the size of the state, once, before any byte is written.
     *
     * @throws IllegalArgumentException if the state is that of another model
     */
    void begin(long sizeBytes);

    void write(long offset, ByteBuffer bytes);
}
