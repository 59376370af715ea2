package io.flm.worker.objective.itm;

import io.flm.data.RandomStream;
import io.flm.data.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Which rows of a batch see a picture of another row, and which one. */
final class FalsePictures {
    /** The class of a row whose picture is another one's. */
    static final int FALSE = 0;

    /** The class of a row with its own picture. */
    static final int MATCHING = 1;

    private FalsePictures() {}

    /**
     * Of B samples floor(B / 2), drawn at random, keep their pictures. Each other one sees that of a sample drawn at random, or of the
     * next one after it that has other words: a picture with the same words is not false. If there is none, it keeps its own.
     *
     * @return the picture of each row: that of the sample of this number
     */
    static int[] draw(List<Sample> samples, RandomStream random) {
        int count = samples.size();
        int[] seen = IntStream.range(0, count).toArray();
        int[] order = shuffled(count, random);
        for (int k = count / 2; k < count; k++) {
            int row = order[k];
            int first = random.nextInt(count);
            for (int i = 0; i < count && seen[row] == row; i++) {
                int other = (first + i) % count;
                if (differ(samples.get(row), samples.get(other))) {
                    seen[row] = other;
                }
            }
        }
        return seen;
    }

    /** A sample may be there twice, at the end of an epoch, with two of its captions. */
    private static boolean differ(Sample one, Sample other) {
        return !one.key().equals(other.key())
                && !Arrays.equals(one.texts().get(0), other.texts().get(0));
    }

    /** Fisher and Yates. */
    private static int[] shuffled(int count, RandomStream random) {
        int[] order = IntStream.range(0, count).toArray();
        for (int last = count - 1; last > 0; last--) {
            int drawn = random.nextInt(last + 1);
            int kept = order[last];
            order[last] = order[drawn];
            order[drawn] = kept;
        }
        return order;
    }
}
