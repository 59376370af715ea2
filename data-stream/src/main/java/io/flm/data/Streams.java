package io.flm.data;

/** Which streams of a model read a text, and so what its tokens see of each other. */
public sealed interface Streams permits Streams.OneStream, Streams.Prefix, Reconstruction {
    /** One stream: each token sees those before it. */
    Streams LEFT_TO_RIGHT = OneStream.LEFT_TO_RIGHT;

    /** One stream: each token sees all. */
    Streams BIDIRECTIONAL = OneStream.BIDIRECTIONAL;

    /** One stream, in which all texts are read alike. */
    enum OneStream implements Streams {
        LEFT_TO_RIGHT,
        BIDIRECTIONAL
    }

    /**
     * One stream: the first tokens of a text see each other, the rest see those before them.
     *
     * @param lengths the tokens of each row that see each other, {@code <s>} among them [B]
     */
    record Prefix(int[] lengths) implements Streams {}
}
