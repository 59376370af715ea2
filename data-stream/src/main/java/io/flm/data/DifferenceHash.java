package io.flm.data;

/**
 * A picture's perceptual hash of 64 bits, dHash: the picture is resized to 9 x 8 pixels of grey, and each bit says whether a pixel is
 * lighter than its left neighbour, row by row, the first one in the highest bit. Other sizes, qualities and brightness of a picture
 * change few bits. A picture of one colour is 0, whatever the colour.
 */
final class DifferenceHash {
    private static final int WIDTH = 9;
    private static final int HEIGHT = 8;

    private DifferenceHash() {}

    static long of(Picture picture) {
        byte[] rgb = Resampling.of(picture, WIDTH, HEIGHT);
        long hash = 0;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 1; x < WIDTH; x++) {
                int at = y * WIDTH + x;
                hash = hash << 1 | (grey(rgb, at) > grey(rgb, at - 1) ? 1 : 0);
            }
        }
        return hash;
    }

    /** Luma of ITU-R BT.601 in integers of 16 bits after the point, as Pillow has it. */
    private static int grey(byte[] rgb, int at) {
        int area = WIDTH * HEIGHT;
        int red = rgb[at] & 0xff;
        int green = rgb[area + at] & 0xff;
        int blue = rgb[2 * area + at] & 0xff;
        return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
    }
}
