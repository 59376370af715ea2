package io.flm.data;

import java.io.IOException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Draws texts that are false of an example: of examples that show none of its pictures, and none that reads as one of its own
 * texts or as another that was drawn. What is drawn follows from the random numbers alone.
 *
 * <p>Hard ones are the nearest of M that are drawn: those that share the greatest part of their tokens with the true text,
 * |A and B| / |A or B| over distinct tokens that are words. A visit looks at M texts then; the nearest of all N would cost N.
 */
final class FalseTexts {
    private static final int TRIES = 200; // beside ten for each that is wanted: other examples may be of the same text

    private final Examples examples;
    private final IntPredicate isWord;
    private final Rows rows;

    /** The texts of an example that may be drawn, as rows of tokens. */
    @FunctionalInterface
    interface Rows {
        int[][] of(long index) throws IOException;
    }

    /**
     * Of examples.
     *
     * @param isWord whether a token counts for the nearness of texts
     * @param rows empty for an example whose texts are bad
     */
    FalseTexts(Examples examples, IntPredicate isWord, Rows rows) {
        this.examples = examples;
        this.isWord = isWord;
        this.rows = rows;
    }

    /**
     * K rows; the nearest first where M are more than K, else as drawn.
     *
     * @param own all texts of the example
     * @param chosen the one that the visit has
     * @throws SampleException where there are too few others
     */
    List<int[]> draw(long index, int[][] own, int[] chosen, RandomStream random) throws SampleException, IOException {
        int count = examples.falseTexts();
        int candidates = examples.falseTextCandidates();
        Set<IntBuffer> known = new HashSet<>();
        for (int[] row : own) {
            known.add(IntBuffer.wrap(row));
        }
        long[] pictures = examples.pictures(index);
        List<int[]> drawn = new ArrayList<>(candidates);
        int tries = TRIES + 10 * candidates;
        for (int k = 0; k < tries && drawn.size() < candidates; k++) {
            long other = Math.floorMod(random.nextLong() >>> 1, examples.size());
            double place = random.nextDouble(); // drawn in any case: what others hold does not move what comes next
            if (shows(other, pictures)) {
                continue;
            }
            int[][] texts = rows.of(other);
            if (texts.length > 0) {
                int[] row = texts[(int) (place * texts.length)];
                if (known.add(IntBuffer.wrap(row))) {
                    drawn.add(row);
                }
            }
        }
        if (drawn.size() < count) {
            throw new SampleException(
                    examples.name(index),
                    drawn.size() + " false texts of " + count + " found in " + tries + " draws: too few examples have"
                            + " other pictures and other texts for flm.task.false-texts");
        }
        return drawn.size() == count ? drawn : nearest(drawn, chosen, count);
    }

    private boolean shows(long other, long[] pictures) {
        for (long picture : examples.pictures(other)) {
            for (long mine : pictures) {
                if (picture == mine) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A row and how near it is. */
    private record Near(int[] row, double share) {}

    private List<int[]> nearest(List<int[]> drawn, int[] chosen, int count) {
        int[] words = words(chosen);
        return drawn.stream()
                .map(row -> new Near(row, share(words, words(row))))
                .sorted(Comparator.comparingDouble(Near::share).reversed()) // stable
                .limit(count)
                .map(Near::row)
                .toList();
    }

    private int[] words(int[] row) {
        return Arrays.stream(row).filter(isWord).sorted().distinct().toArray();
    }

    /** The part of the tokens of both that both have. */
    private static double share(int[] one, int[] other) {
        int both = 0;
        int i = 0;
        int j = 0;
        while (i < one.length && j < other.length) {
            if (one[i] == other[j]) {
                both++;
                i++;
                j++;
            } else if (one[i] < other[j]) {
                i++;
            } else {
                j++;
            }
        }
        int either = one.length + other.length - both;
        return either == 0 ? 0 : (double) both / either;
    }
}
