package io.flm.data.arrow;

import io.flm.data.PlainText;
import io.flm.data.UserException;
import io.flm.data.arrow.ArrowFile.Buffer;
import io.flm.data.arrow.ArrowFile.Column;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.Set;

/** Reads parts of the buffers of one record batch: whatever is asked for outside of a buffer is damage. */
record ArrowReader(ArrowFile file, int batch) {
    private static final Set<ArrowType> LARGE =
            EnumSet.of(ArrowType.LARGE_BINARY, ArrowType.LARGE_UTF8, ArrowType.LARGE_LIST);
    private static final int CHUNK_ELEMENTS = 1 << 16;

    /** Takes numbers of a row. */
    @FunctionalInterface
    interface Sink {
        void accept(int index, long value);
    }

    /** A part of a buffer. */
    ByteBuffer read(Column column, Buffer buffer, long offset, int sizeBytes) throws IOException {
        if (offset < 0 || sizeBytes < 0 || offset > buffer.sizeBytes() - sizeBytes) {
            throw damaged(column, "is shorter than its rows need");
        }
        return file.read(buffer.position() + offset, sizeBytes);
    }

    /** Of texts, binaries and lists: where {@code count} rows from {@code first} on begin, and the last one ends. */
    long[] offsets(Column column, long first, int count) throws IOException {
        if (column.rows() == 0) {
            return new long[count + 1]; // its buffer may be empty then
        }
        Buffer buffer = column.buffers().get(1);
        int width = LARGE.contains(column.field().type()) ? Long.BYTES : Integer.BYTES;
        requireNumbers(column, buffer, width, first, count + 1L);
        long[] offsets = new long[count + 1];
        numbers(column, buffer, width, first, offsets.length, (index, value) -> offsets[index] = value);
        for (int i = 0; i < count; i++) {
            if (offsets[i] < 0 || offsets[i] > offsets[i + 1]) {
                throw damaged(column, "has offsets that run backwards at row " + (first + i));
            }
        }
        return offsets;
    }

    /** Whole numbers of a buffer, of 4 or 8 bytes. */
    void numbers(Column column, Buffer buffer, int width, long first, int count, Sink sink) throws IOException {
        requireNumbers(column, buffer, width, first, count);
        for (int done = 0; done < count; done += CHUNK_ELEMENTS) {
            int some = Math.min(CHUNK_ELEMENTS, count - done);
            ByteBuffer chunk = read(column, buffer, (first + done) * width, some * width);
            for (int i = 0; i < some; i++) {
                sink.accept(done + i, width == Long.BYTES ? chunk.getLong(i * width) : chunk.getInt(i * width));
            }
        }
    }

    private void requireNumbers(Column column, Buffer buffer, int width, long first, long count) {
        if (first < 0 || first > buffer.sizeBytes() / width - count) {
            throw damaged(column, "is shorter than its rows need");
        }
    }

    /** Whether a row is null. */
    boolean isNull(Column column, long row) throws IOException {
        if (column.nulls() == 0 || column.validity().sizeBytes() == 0) {
            return false;
        }
        int bits = read(column, column.validity(), row >> 3, 1).get(0);
        return ((bits >> (row & 7)) & 1) == 0;
    }

    /** Which of the rows are null. */
    BitSet nulls(Column column, int rows) throws IOException {
        if (column.nulls() == 0 || column.validity().sizeBytes() == 0) {
            return new BitSet();
        }
        BitSet nulls = BitSet.valueOf(read(column, column.validity(), 0, (rows + 7) / 8));
        nulls.flip(0, rows);
        return nulls;
    }

    UserException damaged(Column column, String cause) {
        return file.damaged(
                "column " + PlainText.of(column.field().name()) + " of " + ArrowFile.batchName(batch) + " " + cause);
    }
}
