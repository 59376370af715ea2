package io.flm.data;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Bytes that are read from their beginning to their end by small pieces, fetched by large ones; what lies between two pieces and is
 * larger is not fetched at all. For one thread.
 */
final class ReadAhead implements Bytes {
    private static final int PIECE = 4 << 20;

    private final Bytes bytes;
    private final ByteBuffer piece;
    private long start;

    ReadAhead(Bytes bytes) {
        this.bytes = bytes;
        this.piece = ByteBuffer.allocate((int) Math.min(PIECE, bytes.size())).limit(0);
    }

    @Override
    public long size() {
        return bytes.size();
    }

    @Override
    public void read(ByteBuffer into, long position) throws IOException {
        while (into.hasRemaining()) {
            long at = position;
            if (at < start || at >= start + piece.limit()) {
                piece.clear().limit((int) Math.min(piece.capacity(), Math.max(0, size() - at)));
                start = at;
                int wanted = piece.limit();
                if (wanted == 0) {
                    throw new IOException("ends at byte " + size());
                }
                piece.limit(0); // until it is there
                ByteBuffer fresh = piece.duplicate().clear().limit(wanted);
                bytes.read(fresh, at);
                piece.limit(wanted);
            }
            int from = (int) (at - start);
            int count = Math.min(into.remaining(), piece.limit() - from);
            into.put(piece.slice(from, count));
            position += count;
        }
    }
}
