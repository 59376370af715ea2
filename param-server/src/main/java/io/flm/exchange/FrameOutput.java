package io.flm.exchange;

import org.agrona.MutableDirectBuffer;

/** Where the frames of one stream to one other node are written: {@code claim}, write, {@code commit}. */
interface FrameOutput {
    /** Bytes of the longest frame. */
    int maxFrameLength();

    /** Whether frames need a checksum: not where nothing on their way can alter them. */
    boolean isChecked();

    /** Makes room for a frame; false if the reader has to read first, or is not there. */
    boolean claim(int length);

    /** What the claimed frame lies in, from {@link #offset} on. */
    MutableDirectBuffer buffer();

    int offset();

    void commit();

    void abort();
}
