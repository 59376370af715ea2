package io.flm.worker.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Floats in host memory outside the Java heap; as many as the machine has room for. */
final class HostFloats implements FlatFloats {
    /** Floats of a piece: 256 MiB, well within what one buffer holds. */
    private static final int PIECE = 1 << 26;

    private final long count;
    private final FloatBuffer[] pieces;

    HostFloats(long count) {
        this.count = count;
        this.pieces = new FloatBuffer[Math.toIntExact((count + PIECE - 1) / PIECE)];
        for (int index = 0; index < pieces.length; index++) {
            int size = (int) Math.min(PIECE, count - (long) index * PIECE);
            pieces[index] = ByteBuffer.allocateDirect(size * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
        }
    }

    @Override
    public long count() {
        return count;
    }

    void copyFrom(FlatFloats other) {
        for (int index = 0; index < pieces.length; index++) {
            other.read((long) index * PIECE, pieces[index].duplicate());
        }
    }

    @Override
    public void read(long offset, FloatBuffer into) {
        for (long at = offset; into.hasRemaining(); ) {
            FloatBuffer piece = pieces[(int) (at / PIECE)];
            int from = (int) (at % PIECE);
            FloatBuffer part = piece.slice(from, Math.min(into.remaining(), piece.limit() - from));
            at += part.remaining();
            into.put(part);
        }
    }
}
