package io.flm.worker.train;

import io.flm.exchange.StateSink;
import io.flm.exchange.StateSource;
import io.flm.worker.model.ParameterStore;
import io.flm.worker.model.ParameterStore.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The state of a {@link ParameterStore} as bytes: weights, first moments, second moments, each in flat order, float32
 * little-endian. All members of a step have the same bytes.
 */
final class StateBytes implements StateSource, StateSink {
    private static final Buffer[] PARTS = Buffer.values();

    private final ParameterStore store;
    private final ByteBuffer torn = littleEndian(Float.BYTES); // a value whose bytes came in two pieces

    StateBytes(ParameterStore store) {
        this.store = store;
    }

    @Override
    public long sizeBytes() {
        return PARTS.length * partBytes();
    }

    private long partBytes() {
        return store.size() * Float.BYTES;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        long at = offset;
        while (into.hasRemaining()) {
            long within = at % partBytes();
            int skipped = (int) (within % Float.BYTES);
            int count = (int) Math.min(into.remaining(), partBytes() - within);
            int floats = (skipped + count + Float.BYTES - 1) / Float.BYTES;
            ByteBuffer bytes = littleEndian(floats * Float.BYTES);
            store.read(PARTS[(int) (at / partBytes())], within / Float.BYTES, bytes.asFloatBuffer());
            into.put(bytes.position(skipped).limit(skipped + count));
            at += count;
        }
    }

    @Override
    public void begin(long sizeBytes) {
        torn.clear();
        if (sizeBytes != sizeBytes()) {
            throw new IllegalArgumentException(
                    "a state of " + sizeBytes + " bytes, where this model's has " + sizeBytes());
        }
    }

    @Override
    public void write(long offset, ByteBuffer bytes) {
        long at = offset;
        while (bytes.hasRemaining()) {
            long within = at % partBytes();
            int skipped = (int) (within % Float.BYTES);
            int count = (int) Math.min(bytes.remaining(), partBytes() - within);
            if (skipped != 0 || count < Float.BYTES) {
                count = Math.min(count, Float.BYTES - skipped);
                torn.put(skipped, bytes, bytes.position(), count);
                if (skipped + count == Float.BYTES) {
                    put(
                            at - skipped,
                            torn.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear());
                }
            } else {
                count -= count % Float.BYTES;
                put(at, bytes.slice(bytes.position(), count));
            }
            bytes.position(bytes.position() + count);
            at += count;
        }
    }

    private void put(long at, ByteBuffer values) {
        FloatBuffer floats = littleEndian(values.remaining())
                .put(values)
                .flip()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        store.write(PARTS[(int) (at / partBytes())], at % partBytes() / Float.BYTES, floats);
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
