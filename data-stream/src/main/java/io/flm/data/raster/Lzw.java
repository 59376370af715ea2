package io.flm.data.raster;

import java.io.IOException;

/**
 * Lempel, Ziv and Welch's codes to bytes. GIF packs codes from the low bit on, and lets them grow when they no longer fit; TIFF from
 * the high bit on, and lets them grow one code before.
 */
final class Lzw {
    private static final int MOST_CODES = 4096;
    private static final int MOST_BITS = 12;

    private final boolean highBitsFirst;
    private final int firstBits;
    private final int clear;
    private final int[] before = new int[MOST_CODES]; // the code of the text without its last byte
    private final byte[] last = new byte[MOST_CODES];
    private final byte[] first = new byte[MOST_CODES];
    private final int[] length = new int[MOST_CODES];

    private Lzw(boolean highBitsFirst, int symbolBits) {
        this.highBitsFirst = highBitsFirst;
        this.firstBits = symbolBits + 1;
        this.clear = 1 << symbolBits;
        for (int i = 0; i < clear; i++) {
            last[i] = (byte) i;
            first[i] = (byte) i;
            length[i] = 1;
        }
    }

    /** @param symbolBits of a pixel, 1 to 8 */
    static Lzw ofGif(int symbolBits) {
        return new Lzw(false, symbolBits);
    }

    static Lzw ofTiff() {
        return new Lzw(true, 8);
    }

    /**
     * Decodes codes from {@code from} to {@code to} until {@code out} is full.
     *
     * @return how many bytes there were
     * @throws IOException where a code says nothing
     */
    int decode(byte[] codes, int from, int to, byte[] out) throws IOException {
        int early = highBitsFirst ? 1 : 0;
        int next = clear + 2;
        int width = firstBits;
        int previous = -1;
        int written = 0;
        int held = 0; // bits that were read and are of no code yet
        int heldCount = 0;
        int at = from;
        while (written < out.length) {
            while (heldCount < width && at < to) {
                int value = codes[at++] & 0xff;
                held = highBitsFirst ? held << 8 | value : held | value << heldCount;
                heldCount += 8;
            }
            if (heldCount < width) {
                return written;
            }
            int code = (highBitsFirst ? held >>> (heldCount - width) : held) & ((1 << width) - 1);
            heldCount -= width;
            held = highBitsFirst ? held & ((1 << heldCount) - 1) : held >>> width;
            if (code == clear) {
                next = clear + 2;
                width = firstBits;
                previous = -1;
                continue;
            }
            if (code == clear + 1) {
                return written;
            }
            if (code > next || (code == next && previous < 0) || (previous < 0 && code > clear)) {
                throw new IOException("its compressed pixels are damaged: a code that says nothing at byte " + at);
            }
            if (previous >= 0 && next < MOST_CODES) {
                before[next] = previous;
                first[next] = first[previous];
                last[next] = first[code == next ? previous : code];
                length[next] = length[previous] + 1;
                next++;
                if (next + early == 1 << width && width < MOST_BITS) {
                    width++;
                }
            } else if (code >= next) {
                throw new IOException("its compressed pixels are damaged: a code that says nothing at byte " + at);
            }
            written = write(code, out, written);
            previous = code;
        }
        return written;
    }

    private int write(int code, byte[] out, int written) {
        int end = written + length[code];
        int text = code;
        for (int i = end - 1; i >= written; i--) {
            if (i < out.length) {
                out[i] = last[text];
            }
            text = before[text];
        }
        return Math.min(end, out.length);
    }
}
