package io.flm.data.pack;

import java.util.Arrays;

/**
 * Counts of some samples. Each value falls into the last bin whose begin it reaches.
 *
 * @param sides pictures by their shorter side
 * @param aspects pictures by how much longer than wide they are, or wider than long, in hundredths
 * @param words captions by their words
 * @param bytes files of pictures by their size
 */
public record Statistics(long[] sides, long[] aspects, long[] words, long[] bytes) {
    private static final int[] SIDES = {
        1, 32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 1024, 1536, 2048, 3072, 4096
    };
    private static final int[] ASPECTS = {100, 110, 125, 140, 160, 180, 200, 250, 300, 400, 600};
    private static final int[] WORDS = {1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 100, 200};
    private static final int[] BYTES = {
        0, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20,
        2 << 20, 4 << 20, 8 << 20
    };

    /** Of nothing yet. */
    public Statistics() {
        this(new long[SIDES.length], new long[ASPECTS.length], new long[WORDS.length], new long[BYTES.length]);
    }

    public Statistics {
        if (sides.length != SIDES.length
                || aspects.length != ASPECTS.length
                || words.length != WORDS.length
                || bytes.length != BYTES.length) {
            throw new IllegalArgumentException("other bins");
        }
    }

    /** Where the bins of {@link #sides} begin, pixels. */
    public static int[] sideBins() {
        return SIDES.clone();
    }

    /** Where those of {@link #aspects} begin, hundredths. */
    public static int[] aspectBins() {
        return ASPECTS.clone();
    }

    /** Where those of {@link #words} begin. */
    public static int[] wordBins() {
        return WORDS.clone();
    }

    /** Where those of {@link #bytes} begin. */
    public static int[] byteBins() {
        return BYTES.clone();
    }

    void addPicture(int width, int height, int sizeBytes) {
        int shorter = Math.min(width, height);
        sides[bin(SIDES, shorter)]++;
        aspects[bin(ASPECTS, 100L * Math.max(width, height) / shorter)]++;
        bytes[bin(BYTES, sizeBytes)]++;
    }

    void addCaption(int itsWords) {
        words[bin(WORDS, itsWords)]++;
    }

    void add(Statistics other) {
        add(sides, other.sides);
        add(aspects, other.aspects);
        add(words, other.words);
        add(bytes, other.bytes);
    }

    private static void add(long[] counts, long[] more) {
        Arrays.setAll(counts, i -> counts[i] + more[i]);
    }

    private static int bin(int[] begins, long value) {
        int bin = 0;
        while (bin + 1 < begins.length && begins[bin + 1] <= value) {
            bin++;
        }
        return bin;
    }
}
