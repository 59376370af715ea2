package io.flm.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/** The bytes of a shard, wherever they lie, to be read from any place by any thread. */
public interface Bytes {
    long size();

    /** Fills {@code into} from its position to its limit. */
    void read(ByteBuffer into, long position) throws IOException;

    /** Tells what keeps parts of it when it is needed next; see {@link Upcoming}. */
    default void expect(LongSupplier placesUntil) {}
}
