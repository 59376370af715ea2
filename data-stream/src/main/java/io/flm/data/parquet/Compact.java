package io.flm.data.parquet;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads structures in Thrift's compact protocol. Whatever is not asked for is passed over. What leads out of the bytes, or is none of the
 * protocol, ends in a {@link BufferUnderflowException} or an {@link IllegalArgumentException}.
 */
final class Compact {
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int BYTE = 3;
    private static final int I64 = 6;
    private static final int DOUBLE = 7;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int SET = 10;
    private static final int MAP = 11;
    private static final int STRUCT = 12;
    private static final int MOST_DEEP = 64;

    private final ByteBuffer in;

    Compact(ByteBuffer in) {
        this.in = in;
    }

    /** Takes fields of a structure. */
    @FunctionalInterface
    interface Fields {
        /** Reads a field's value; false: it is not wanted, and was not read. */
        boolean read(int id, int type);
    }

    /** Reads a structure to its end. */
    void struct(Fields fields) {
        int id = 0;
        for (int header = in.get() & 0xff; header != 0; header = in.get() & 0xff) {
            int type = header & 0xf;
            id = header >>> 4 == 0 ? (int) zigzag() : id + (header >>> 4);
            if (!fields.read(id, type)) {
                skip(type, 0);
            }
        }
    }

    /**
     * Reads the elements of a list, each by {@code element}.
     *
     * @param leastBytes that an element takes: a list of more than there is room for is refused before the first is read
     */
    void list(int type, int leastBytes, Runnable element) {
        require(type == LIST || type == SET);
        long count = size((in.get() & 0xff) >>> 4);
        require(count <= in.remaining() / leastBytes);
        for (; count > 0; count--) {
            element.run();
        }
    }

    private long size(int inHeader) {
        long size = inHeader == 15 ? varint() : inHeader;
        require(size >= 0 && size <= in.remaining()); // each takes a byte at least
        return size;
    }

    /** A whole number. */
    long number(int type) {
        require(type >= BYTE && type <= I64);
        return type == BYTE ? in.get() : zigzag();
    }

    /** The same of a size or count. */
    int size(int type, String what) {
        long number = number(type);
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(what + " is " + number);
        }
        return (int) number;
    }

    /** What the type of a field of truth says. */
    static boolean truth(int type) {
        require(type == TRUE || type == FALSE);
        return type == TRUE;
    }

    String text(int type) {
        require(type == BINARY);
        long size = varint();
        require(size >= 0 && size <= in.remaining());
        byte[] bytes = new byte[(int) size];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void skip(int type, int depth) {
        require(depth < MOST_DEEP);
        switch (type) {
            case TRUE, FALSE -> {}
            case BYTE -> in.get();
            case 4, 5, I64 -> varint();
            case DOUBLE -> in.position(at(8));
            case BINARY -> in.position(at(varint()));
            case LIST, SET -> {
                int header = in.get() & 0xff;
                for (long count = size(header >>> 4); count > 0; count--) {
                    skipElement(header & 0xf, depth);
                }
            }
            case MAP -> {
                long count = varint();
                require(count >= 0 && count <= in.remaining());
                int types = count == 0 ? 0 : in.get() & 0xff;
                for (; count > 0; count--) {
                    skipElement(types >>> 4, depth);
                    skipElement(types & 0xf, depth);
                }
            }
            case STRUCT -> {
                for (int header = in.get() & 0xff; header != 0; header = in.get() & 0xff) {
                    if (header >>> 4 == 0) {
                        zigzag();
                    }
                    skip(header & 0xf, depth + 1);
                }
            }
            default -> throw new IllegalArgumentException("type " + type);
        }
    }

    /** A truth takes a byte in a list, and none in a structure. */
    private void skipElement(int type, int depth) {
        skip(type == TRUE || type == FALSE ? BYTE : type, depth + 1);
    }

    private int at(long more) {
        if (more < 0 || more > in.remaining()) {
            throw new BufferUnderflowException();
        }
        return in.position() + (int) more;
    }

    private long zigzag() {
        long value = varint();
        return (value >>> 1) ^ -(value & 1);
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number without an end");
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException("not of Thrift's compact protocol");
        }
    }
}
