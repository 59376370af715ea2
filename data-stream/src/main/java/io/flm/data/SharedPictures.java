package io.flm.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * How many pictures two sets of examples have in common, such as those to train on and those to score: a score on pictures that were
 * trained on says little.
 *
 * <p>Two pictures are the same if their keys and the sizes of their files are: no picture is read for it. What was stored anew, or
 * under another name or in another folder, is not found.
 *
 * @param count pictures that both show
 * @param ofFirst pictures that the first shows
 * @param ofSecond pictures that the second shows
 */
public record SharedPictures(long count, long ofFirst, long ofSecond) {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    /** Compares; 8 bytes of memory for each time that an example shows a picture. */
    public static SharedPictures of(Examples first, PictureSource its, Examples second, PictureSource others) {
        long[] one = pictures(first, its);
        long[] other = pictures(second, others);
        long count = 0;
        int i = 0;
        int j = 0;
        while (i < one.length && j < other.length) {
            if (one[i] == other[j]) {
                count++;
                i++;
                j++;
            } else if (one[i] < other[j]) {
                i++;
            } else {
                j++;
            }
        }
        return new SharedPictures(count, one.length, other.length);
    }

    /** Hashes of 64 bits: of a million pictures no two agree by chance. */
    private static long[] pictures(Examples examples, PictureSource source) {
        long[] shown = LongStream.range(0, examples.size())
                .flatMap(index -> Arrays.stream(examples.pictures(index)))
                .sorted()
                .distinct()
                .toArray();
        return Arrays.stream(shown)
                .map(index -> hash(source.key(index), source.imageSizeBytes(index)))
                .sorted()
                .distinct()
                .toArray();
    }

    private static long hash(String key, int sizeBytes) {
        long hash = FNV_OFFSET ^ sizeBytes;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ key.charAt(i)) * FNV_PRIME;
        }
        return (hash ^ (hash >>> 32)) * FNV_PRIME;
    }

    /** What to tell; nothing where none is shared. */
    public Optional<String> sentence() {
        return count == 0
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%,d of the %,d pictures to score on are among the %,d that are trained on: the scores say less"
                                + " of pictures that are new",
                        count,
                        ofSecond,
                        ofFirst));
    }
}
