package io.flm.data.pack;

import org.jspecify.annotations.Nullable;

/**
 * A sample as {@link Preparation} left it.
 *
 * @param index in the source
 * @param key in its shard
 * @param measures null where its captions or its picture cannot be used
 * @param rejection why it is left out; null: it is wanted, unless it is a duplicate
 * @param detail what is left out of what reason, for a person; empty where it is wanted
 * @param block its bytes in a shard; empty where it is left out
 */
record Prepared(
        long index,
        String key,
        @Nullable Measures measures,
        @Nullable Rejection rejection,
        String detail,
        byte[] block) {

    /**
     * What was seen of a sample.
     *
     * @param words of each of its captions
     * @param wantedWords of those that are wanted
     * @param readBytes of the picture's file
     * @param writtenBytes of the file that is made of it
     * @param hash the picture's perceptual hash; 0 where none is asked for
     */
    record Measures(
            int width, int height, int[] words, int[] wantedWords, int readBytes, int writtenBytes, long hash) {}

    static Prepared unusable(long index, String key, Rejection rejection, String detail) {
        return new Prepared(index, key, null, rejection, detail, new byte[0]);
    }
}
