package io.flm.data.arrow;

import io.flm.data.arrow.ArrowFile.Column;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Locale;
import java.util.function.LongFunction;

/**
 * The keys of a record batch's rows, one behind the other: a few million of them as texts would take several times the memory.
 *
 * @param letters in UTF-8
 * @param ends of each row's
 * @param first the number of the first row in its file, which is the key of a row without one
 */
record RowKeys(byte[] letters, int[] ends, int first) {
    private static final int MOST_BYTES = 1 << 30; // of a batch
    private static final int MOST_KEY_BYTES = 1 << 12;

    /** Where no column has keys. */
    static RowKeys numbered(int first, int rows) {
        return new RowKeys(new byte[0], new int[rows], first);
    }

    /** Of a column of texts or whole numbers. */
    static RowKeys of(ArrowReader reader, Column column, int first) throws IOException {
        int rows = (int) column.rows();
        return column.field().type() == ArrowType.INT
                ? ofNumbers(reader, column, rows, first)
                : ofTexts(reader, column, rows, first);
    }

    private static RowKeys ofTexts(ArrowReader reader, Column column, int rows, int first) throws IOException {
        long[] offsets = reader.offsets(column, 0, rows);
        long sizeBytes = offsets[rows] - offsets[0];
        for (int row = 0; row < rows; row++) {
            if (offsets[row + 1] - offsets[row] > MOST_KEY_BYTES) {
                throw reader.damaged(column, "has a key of more than " + MOST_KEY_BYTES + " bytes in row " + row);
            }
        }
        if (sizeBytes > MOST_BYTES) {
            throw reader.damaged(column, "has " + sizeBytes + " bytes of keys");
        }
        byte[] letters = reader.read(column, column.buffers().get(2), offsets[0], (int) sizeBytes)
                .array();
        BitSet nulls = reader.nulls(column, rows);
        int[] ends = new int[rows];
        int end = 0;
        for (int row = 0; row < rows; row++) {
            if (!nulls.get(row)) { // a null may have bytes, which mean nothing
                int sizeOfKey = (int) (offsets[row + 1] - offsets[row]);
                System.arraycopy(letters, (int) (offsets[row] - offsets[0]), letters, end, sizeOfKey);
                end += sizeOfKey;
            }
            ends[row] = end;
        }
        return new RowKeys(letters, ends, first);
    }

    private static RowKeys ofNumbers(ArrowReader reader, Column column, int rows, int first) throws IOException {
        StringBuilder letters = new StringBuilder();
        BitSet nulls = reader.nulls(column, rows);
        int[] ends = new int[rows];
        LongFunction<String> shown = !column.field().unsigned()
                ? String::valueOf
                : column.field().bits() == Integer.SIZE
                        ? number -> Integer.toUnsignedString((int) number)
                        : Long::toUnsignedString;
        reader.numbers(column, column.buffers().get(1), column.field().bits() / 8, 0, rows, (row, number) -> {
            letters.append(nulls.get(row) ? "" : shown.apply(number));
            ends[row] = letters.length();
        });
        return new RowKeys(letters.toString().getBytes(StandardCharsets.US_ASCII), ends, first);
    }

    String key(int row) {
        int start = row == 0 ? 0 : ends[row - 1];
        return ends[row] == start
                ? String.format(Locale.ROOT, "%09d", first + row)
                : new String(letters, start, ends[row] - start, StandardCharsets.UTF_8);
    }
}
