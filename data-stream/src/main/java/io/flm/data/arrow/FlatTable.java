package io.flm.data.arrow;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A table of a flatbuffer: fields by number, any of which may be absent. Whatever leads out of the buffer ends in an {@link
 * IndexOutOfBoundsException}, which whoever reads a file takes for damage.
 *
 * @param bytes the whole buffer, little-endian
 * @param at where the table begins
 */
record FlatTable(ByteBuffer bytes, int at) {
    private static final int MOST_TABLES = 10_000; // of a vector
    private static final int MOST_LETTERS = 1 << 12; // of a name

    /** A vector of structs of one size. */
    record Structs(ByteBuffer bytes, int at, int count, int sizeBytes) {
        long longAt(int index, int offset) {
            return bytes.getLong(position(index, offset));
        }

        int intAt(int index, int offset) {
            return bytes.getInt(position(index, offset));
        }

        private int position(int index, int offset) {
            if (index < 0 || index >= count) {
                throw new IndexOutOfBoundsException("element " + index + " of " + count);
            }
            return at + index * sizeBytes + offset;
        }
    }

    static FlatTable root(ByteBuffer bytes) {
        return new FlatTable(bytes, bytes.getInt(0));
    }

    /** Where a field is; 0: absent. The table begins with the way back to its list of fields. */
    private int field(int number) {
        int fields = at - bytes.getInt(at);
        int entry = 4 + 2 * number;
        if (entry + 2 > Short.toUnsignedInt(bytes.getShort(fields))) {
            return 0;
        }
        int offset = Short.toUnsignedInt(bytes.getShort(fields + entry));
        return offset == 0 ? 0 : at + offset;
    }

    boolean has(int number) {
        return field(number) != 0;
    }

    int byteAt(int number, int absent) {
        int field = field(number);
        return field == 0 ? absent : bytes.get(field);
    }

    int shortAt(int number, int absent) {
        int field = field(number);
        return field == 0 ? absent : bytes.getShort(field);
    }

    int intAt(int number, int absent) {
        int field = field(number);
        return field == 0 ? absent : bytes.getInt(field);
    }

    long longAt(int number, long absent) {
        int field = field(number);
        return field == 0 ? absent : bytes.getLong(field);
    }

    /** A table within this one; null: absent. */
    @Nullable FlatTable table(int number) {
        int field = field(number);
        return field == 0 ? null : new FlatTable(bytes, referred(field));
    }

    /** A text; empty: absent. */
    String text(int number) {
        int field = field(number);
        if (field == 0) {
            return "";
        }
        int from = referred(field);
        byte[] text = new byte[atMost(MOST_LETTERS, count(from, 1))];
        bytes.get(from + Integer.BYTES, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    /** The tables of a vector of them; none: absent. */
    List<FlatTable> tables(int number) {
        List<FlatTable> tables = new ArrayList<>();
        int field = field(number);
        if (field != 0) {
            int from = referred(field);
            int count = atMost(MOST_TABLES, count(from, Integer.BYTES));
            for (int i = 1; i <= count; i++) {
                tables.add(new FlatTable(bytes, referred(from + i * Integer.BYTES)));
            }
        }
        return tables;
    }

    /** A vector of structs; an empty one: absent. */
    Structs structs(int number, int sizeBytes) {
        int field = field(number);
        if (field == 0) {
            return new Structs(bytes, 0, 0, sizeBytes);
        }
        int from = referred(field);
        return new Structs(bytes, from + Integer.BYTES, count(from, sizeBytes), sizeBytes);
    }

    private static int atMost(int most, int count) {
        if (count > most) {
            throw new IndexOutOfBoundsException(count + " elements, more than " + most);
        }
        return count;
    }

    private int referred(int field) {
        return field + bytes.getInt(field);
    }

    /** Of a vector's elements, all of which must lie in the buffer. */
    private int count(int from, int elementBytes) {
        int count = bytes.getInt(from);
        if (count < 0 || (long) from + Integer.BYTES + (long) count * elementBytes > bytes.limit()) {
            throw new IndexOutOfBoundsException(count + " elements at " + from);
        }
        return count;
    }
}
