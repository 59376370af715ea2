package io.flm.exchange;

import java.nio.ByteBuffer;

/** Takes the bytes of another member's state, in order. Called by the exchange's thread, or by the trainer that fetches. */
public interface StateSink {
    /**
     * The state has so many bytes; called once, before any is written.
     *
     * @throws IllegalArgumentException where the state cannot be this one's: another model
     */
    void begin(long sizeBytes);

    void write(long offset, ByteBuffer bytes);
}
