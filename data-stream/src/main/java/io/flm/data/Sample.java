package io.flm.data;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A sample as a model takes it: tokenized, decoded and augmented.
 *
 * @param key {@code shard:key}, for messages
 * @param pictures RGB values 0..255, [3, S, S] each
 * @param texts rows of tokens, {@code <s>} first
 * @param labels what the data say of it beside texts: the number of a class, or a score for each; empty if they say nothing
 */
public record Sample(String key, List<byte[]> pictures, List<int[]> texts, float[] labels) {
    private static final float[] UNLABELLED = {};

    public Sample {
        pictures = List.copyOf(pictures);
        texts = List.copyOf(texts);
    }

    /** A picture and its caption. */
    public static Sample captioned(String key, byte[] picture, int[] caption) {
        return new Sample(key, List.of(picture), List.<int[]>of(caption), UNLABELLED);
    }

    /** Texts alone, one each. */
    public static List<Sample> ofTexts(List<int[]> rows) {
        return rows.stream()
                .map(row -> new Sample("", List.of(), List.<int[]>of(row), UNLABELLED))
                .toList();
    }

    /** The first texts of samples. */
    public static List<int[]> captions(List<Sample> samples) {
        return samples.stream().map(sample -> sample.texts().get(0)).toList();
    }

    /** The pictures of samples, one after another, as models take them: a direct buffer [P, 3, S, S]. */
    public static ByteBuffer pixels(List<Sample> samples) {
        long size = samples.stream()
                .flatMap(sample -> sample.pictures().stream())
                .mapToLong(picture -> picture.length)
                .sum();
        ByteBuffer all = ByteBuffer.allocateDirect(Math.toIntExact(size));
        samples.forEach(sample -> sample.pictures().forEach(all::put));
        return all.flip();
    }
}
