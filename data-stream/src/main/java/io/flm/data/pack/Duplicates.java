package io.flm.data.pack;

import java.util.Arrays;

/**
 * The hashes of all pictures so far, to be asked for one that differs from another in few bits. Hashes that differ in d bits agree in one of
 * d + 1 bands of them at least: each band has a table, and only hashes that agree with the other in one band are compared.
 *
 * <p>In memory are 16 bytes a picture and 12 for each band, twice as many right after a table has grown.
 */
final class Duplicates {
    private static final int LEAST = 1024;

    private final int distance;
    private final int[] begins; // of each band, and the end, in bits
    private final int[][] heads; // of each band, by what its bits are hashed to: the last picture there, and 1
    private int[][] before; // of each band and picture: the one before it in its place, and 1
    private long[] hashes = new long[LEAST];
    private long[] indices = new long[LEAST];
    private int size;

    /** @param distance d, the most bits in which two hashes may differ, 0 to 7 */
    Duplicates(int distance) {
        this.distance = distance;
        int bands = distance + 1;
        this.begins = new int[bands + 1];
        Arrays.setAll(begins, band -> Long.SIZE * band / bands);
        this.heads = new int[bands][2 * LEAST];
        this.before = new int[bands][LEAST];
    }

    /** The first picture whose hash differs from {@code hash} in no more than d bits; -1: there is none. */
    long find(long hash) {
        int first = -1;
        for (int band = 0; band < heads.length; band++) {
            for (int at = heads[band][place(band, hash)] - 1; at >= 0; at = before[band][at] - 1) {
                if (Long.bitCount(hashes[at] ^ hash) <= distance && (first < 0 || at < first)) {
                    first = at;
                }
            }
        }
        return first < 0 ? -1 : indices[first];
    }

    /** Adds a picture by its index in the source; indices grow. */
    void add(long hash, long index) {
        if (size == hashes.length) {
            grow();
        }
        hashes[size] = hash;
        indices[size] = index;
        link(size++);
    }

    private void link(int at) {
        for (int band = 0; band < heads.length; band++) {
            int place = place(band, hashes[at]);
            before[band][at] = heads[band][place];
            heads[band][place] = at + 1;
        }
    }

    private void grow() {
        int room = Math.multiplyExact(2, hashes.length);
        hashes = Arrays.copyOf(hashes, room);
        indices = Arrays.copyOf(indices, room);
        before = new int[heads.length][room];
        for (int band = 0; band < heads.length; band++) {
            heads[band] = new int[2 * room];
        }
        for (int at = 0; at < size; at++) {
            link(at);
        }
    }

    private int place(int band, long hash) {
        int bits = begins[band + 1] - begins[band];
        long value = hash << (Long.SIZE - begins[band + 1]) >>> (Long.SIZE - bits);
        long mixed = (value + band) * 0x9e3779b97f4a7c15L;
        return (int) (mixed >>> 32) & (heads[band].length - 1);
    }
}
