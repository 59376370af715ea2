package io.flm.worker.checkpoint;

import java.nio.FloatBuffer;

/**
 * Floats one after another, more than one Java buffer may hold: a model's flat parameters or moments. Read by slices, so that
 * neither the place (heap, device, a file) nor the size shows.
 */
public interface FlatFloats {
    long count();

    /** Fills {@code into} from its position to its limit with the floats from {@code offset} on. */
    void read(long offset, FloatBuffer into);

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
