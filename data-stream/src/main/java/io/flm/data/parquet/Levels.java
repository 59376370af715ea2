package io.flm.data.parquet;

import java.nio.ByteBuffer;

/** Small numbers as runs of one number and as numbers of so many bits each, in turn: Parquet's RLE and bit-packing hybrid. */
final class Levels {
    private Levels() {}

    /**
     * Reads numbers. What leads out of the bytes, or is no such encoding, ends in an unchecked exception of {@code java.nio}, or an {@link
     * IllegalArgumentException}.
     *
     * @param width bits of a number, 0 to 32
     * @param count how many there are
     */
    static int[] read(ByteBuffer in, int width, int count) {
        if (width < 0 || width > 32) {
            throw new IllegalArgumentException("numbers of " + width + " bits");
        }
        int[] numbers = new int[count];
        int at = 0;
        while (at < count && width > 0) {
            long header = varint(in);
            if ((header & 1) == 0) {
                int number = little(in, (width + 7) / 8);
                int end = (int) Math.min(count, at + (header >>> 1));
                if (header == 0) {
                    throw new IllegalArgumentException("an empty run");
                }
                while (at < end) {
                    numbers[at++] = number;
                }
            } else {
                at = packed(in, width, header >>> 1, numbers, at);
            }
        }
        return numbers;
    }

    /** Groups of eight numbers, each of which begins in the lowest bit that is free. The last group may be longer than what is asked for. */
    private static int packed(ByteBuffer in, int width, long groups, int[] numbers, int from) {
        long bytes = groups * width;
        if (groups <= 0 || groups > Integer.MAX_VALUE || bytes > in.remaining()) {
            throw new IllegalArgumentException("numbers that lead out of their page");
        }
        int end = in.position() + (int) bytes;
        int at = from;
        long bits = 0;
        int held = 0;
        long mask = (1L << width) - 1;
        for (long left = 8 * groups; left > 0 && at < numbers.length; left--) {
            while (held < width) {
                bits |= (in.get() & 0xffL) << held;
                held += 8;
            }
            numbers[at++] = (int) (bits & mask);
            bits >>>= width;
            held -= width;
        }
        in.position(end);
        return at;
    }

    private static int little(ByteBuffer in, int bytes) {
        int number = 0;
        for (int i = 0; i < bytes; i++) {
            number |= (in.get() & 0xff) << (8 * i);
        }
        return number;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number without an end");
    }
}
