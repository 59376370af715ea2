package io.flm.data.arrow;

import io.flm.data.arrow.ArrowFile.Buffer;
import io.flm.data.arrow.ArrowFile.Column;
import java.io.IOException;
import java.util.BitSet;

/**
 * Where the values of a column of binaries lie in the file. A null is a value of 0 bytes.
 *
 * @param values of all rows
 * @param offsets of each row among them, and the end
 */
record RowRanges(Buffer values, long[] offsets, BitSet nulls) {
    /** Of a record batch, whose rows are all looked at. */
    static RowRanges of(ArrowReader reader, Column column) throws IOException {
        int rows = (int) column.rows(); // as ArrowFile checked
        long[] offsets = reader.offsets(column, 0, rows);
        Buffer values = column.buffers().get(2);
        if (offsets[rows] > values.sizeBytes()) {
            throw reader.damaged(column, "is shorter than its rows need");
        }
        for (int row = 0; row < rows; row++) {
            if (offsets[row + 1] - offsets[row] > Integer.MAX_VALUE - 8) {
                throw reader.damaged(column, "has more than 2 GiB in row " + row);
            }
        }
        return new RowRanges(values, offsets, reader.nulls(column, rows));
    }

    int rows() {
        return offsets.length - 1;
    }

    /** In the file. */
    long position(int row) {
        return values.position() + offsets[row];
    }

    int sizeBytes(int row) {
        return nulls.get(row) ? 0 : (int) (offsets[row + 1] - offsets[row]);
    }
}
