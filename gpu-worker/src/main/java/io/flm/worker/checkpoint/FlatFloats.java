package io.flm.worker.checkpoint;

import io.flm.data.Sha256;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;

/**
 * Floats one after another, more than one Java buffer may hold: a model's flat parameters or moments. Read by slices, so that
 * neither the place (heap, device, a file) nor the size shows.
 */
public interface FlatFloats {
    long count();

    /** Fills {@code into} from its position to its limit with the floats from {@code offset} on. */
    void read(long offset, FloatBuffer into);

    /** SHA-256 over the values as little-endian fp32, from first to last: equal hashes are equal weights, bit for bit. */
    default String sha256() {
        MessageDigest digest = Sha256.newDigest();
        int chunkFloats = 1 << 18;
        ByteBuffer chunk = ByteBuffer.allocateDirect(chunkFloats * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = 0; at < count(); at += chunkFloats) {
            int floats = (int) Math.min(chunkFloats, count() - at);
            read(at, chunk.clear().limit(floats * Float.BYTES).asFloatBuffer());
            digest.update(chunk);
        }
        return Sha256.hex(digest);
    }

    /** Where restored floats go. */
    @FunctionalInterface
    interface Sink {
        /** Takes the floats from position to limit of {@code values} as those from {@code offset} on. */
        void write(long offset, FloatBuffer values);
    }

    /** The floats of {@code buffer} from index 0 to its limit; the buffer is not moved. */
    static FlatFloats of(FloatBuffer buffer) {
        return new FlatFloats() {
            @Override
            public long count() {
                return buffer.limit();
            }

            @Override
            public void read(long offset, FloatBuffer into) {
                into.put(buffer.slice(Math.toIntExact(offset), into.remaining()));
            }
        };
    }
}
