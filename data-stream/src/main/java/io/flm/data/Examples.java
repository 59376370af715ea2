package io.flm.data;

import java.io.IOException;
import java.util.List;

/**
 * What is trained or evaluated on, by index: of each example which pictures it shows, which texts go with them, and what the data
 * say of it. Any thread may ask. {@link Dataset#captioned} gives those of pretraining.
 */
public interface Examples {
    /** N. */
    long size();

    /** What messages call an example. */
    String name(long index);

    /** Of all that decides which samples come of it, the pictures aside: {@link PictureSource#sha256} is theirs. */
    String sha256();

    /** Its pictures in their order, as indices into a {@link PictureSource}; several examples may show one picture. */
    long[] pictures(long index);

    /**
     * Texts that are true of its pictures, at least one: each visit draws one of them.
     *
     * @throws SampleException where it has no usable text
     * @throws IOException says nothing of the example, another try may succeed
     */
    List<String> texts(long index) throws SampleException, IOException;

    /** What the data say of it beside texts: the number of a class, or a score for each; empty if they say nothing. */
    float[] labels(long index);

    /** The first example of each shard, and N: what an order by windows takes together. */
    default long[] firsts() {
        return new long[] {0, size()};
    }

    /** The first shard of each source, and how many shards there are. */
    default int[] sources() {
        return new int[] {0, firsts().length - 1};
    }

    /** Tells the shards when they come: an order by windows knows. */
    default void expect(Upcoming upcoming) {}

    /** How its texts become tokens. */
    TextForm textForm();

    /** K: how many texts of other examples each visit draws beside its own; 0: none. */
    default int falseTexts() {
        return 0;
    }

    /** M: of so many texts that are drawn the K with the most tokens of the true one are taken; K: whichever are drawn. */
    default int falseTextCandidates() {
        return falseTexts();
    }

    /**
     * The same examples, each visited with false texts: retrieval's.
     *
     * @param count K
     * @param candidates M; K: whichever are drawn, more: hard ones. Each costs a look at its text, which is kept if the cache has
     *     room
     */
    default Examples withFalseTexts(int count, int candidates) {
        return new WithFalseTexts(this, count, candidates);
    }
}
