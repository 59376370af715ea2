package io.flm.data.raster;

import java.io.IOException;

/**
 * How samples of a TIFF become colours. A pixel's first four samples, of 8 bits or what is less, are the bytes of an int, the first
 * one uppermost: so planes that come one after the other are put together as well as pixels that come whole.
 *
 * @param photometric what the samples are
 * @param bits of a sample
 * @param samples of a pixel
 * @param extra what the sample behind the colours is, -1: there is none
 * @param palette 0xRRGGBB by index
 */
record TiffPixels(int photometric, int bits, int samples, int extra, int[] palette) {
    static final int WHITE_IS_ZERO = 0;
    static final int BLACK_IS_ZERO = 1;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int CMYK = 5;
    private static final int MULTIPLIED_ALPHA = 1;

    /** How many samples colours have. */
    static int colours(int photometric) {
        return photometric == RGB ? 3 : photometric == CMYK ? 4 : 1;
    }

    /** Throws an {@link UnreadException} for what is not read. */
    void requireRead() throws IOException {
        boolean isRead = switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO ->
                (bits == 8 || bits == 16 || (samples == 1 && (bits == 1 || bits == 2 || bits == 4)))
                        && extra != MULTIPLIED_ALPHA;
            case PALETTE ->
                (bits == 8 || (samples == 1 && (bits == 1 || bits == 2 || bits == 4))) && extra != MULTIPLIED_ALPHA;
            case RGB, CMYK -> bits == 8 || bits == 16;
            default -> false;
        };
        if (!isRead) {
            throw new UnreadException("TIFF of photometric interpretation " + photometric + " with " + samples
                    + " samples of " + bits + " bits" + (extra == MULTIPLIED_ALPHA ? " and multiplied alpha" : ""));
        }
    }

    /** Adds a row's samples to pixels: all of each, or one of each where planes come one after the other. */
    void add(FileBytes row, int at, int plane, boolean planar, int[] pixels, int to, int count) throws IOException {
        int inRow = planar ? 1 : samples;
        for (int s = 0; s < Math.min(4, inRow); s++) {
            int shift = 24 - 8 * (plane + s);
            for (int x = 0; x < count; x++) {
                pixels[to + x] |= sample(row, at, x * (long) inRow + s) << shift;
            }
        }
    }

    private int sample(FileBytes row, int at, long index) throws IOException {
        if (bits == 8) {
            return row.u8(at + index);
        }
        if (bits == 16) {
            return row.u8(at + 2 * index + (row.isLittle() ? 1 : 0)); // the upper half
        }
        int inByte = 8 / bits;
        int shift = 8 - bits - (int) (index % inByte) * bits;
        return row.u8(at + index / inByte) >> shift & ((1 << bits) - 1);
    }

    /** Makes 0xRRGGBB of pixels. */
    void colour(int[] pixels) {
        for (int i = 0; i < pixels.length; i++) {
            int value = pixels[i];
            pixels[i] = switch (photometric) {
                case PALETTE -> palette[value >>> 24];
                case RGB -> extra == MULTIPLIED_ALPHA ? divided(value) : value >>> 8;
                case CMYK -> printed(value);
                default -> grey(value >>> 24);
            };
        }
    }

    private int grey(int value) {
        int grey = bits >= 8 ? value : value * (255 / ((1 << bits) - 1));
        return 0x010101 * (photometric == WHITE_IS_ZERO ? 255 - grey : grey);
    }

    /** Colours without the alpha that they were multiplied with. */
    private static int divided(int value) {
        int alpha = value & 0xff;
        if (alpha == 0 || alpha == 255) {
            return value >>> 8;
        }
        return part(value >>> 24, alpha) << 16
                | part(value >>> 16 & 0xff, alpha) << 8
                | part(value >>> 8 & 0xff, alpha);
    }

    private static int part(int value, int alpha) {
        return Math.min(255, 255 * value / alpha);
    }

    private static int printed(int cmyk) {
        int light = 255 - (cmyk & 0xff);
        return dimmed(255 - (cmyk >>> 24), light) << 16
                | dimmed(255 - (cmyk >>> 16 & 0xff), light) << 8
                | dimmed(255 - (cmyk >>> 8 & 0xff), light);
    }

    private static int dimmed(int value, int light) {
        return (value * light + 127) / 255;
    }
}
