package io.flm.data;

/** Which streams of a model read a text, and so what its tokens see of each other. */
public enum Streams {
    /** One: each token sees those before it. */
    LEFT_TO_RIGHT,
    /** One: each token sees all. */
    BIDIRECTIONAL,
    /** The l2r and the r2l stream, and the reconstructor, which reads both: FLM (arXiv 2303.14038) §3. */
    RECONSTRUCTED
}
