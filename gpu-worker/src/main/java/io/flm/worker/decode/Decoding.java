package io.flm.worker.decode;

/** How the tokens of a caption are chosen. */
public sealed interface Decoding {
    /** The likeliest token, again and again. */
    record Greedy() implements Decoding {}

    /**
     * The captions that are likeliest so far are all gone on with.
     *
     * @param width so many captions of a picture; 1 is greedy
     * @param lengthPenalty the exponent of the length by which a caption's log-probability is divided: 0 leaves it as it is, more
     *     prefers longer captions
     */
    record Beam(int width, double lengthPenalty) implements Decoding {
        public Beam {
            if (width < 1) {
                throw new IllegalArgumentException("width " + width);
            }
        }
    }

    /**
     * A token is drawn by its probability.
     *
     * @param temperature that the logits are divided by, above 0: below 1 the likely tokens become likelier
     * @param topP only the likeliest tokens are drawn from, as few as have this probability together; above 0, 1: all tokens
     *     (nucleus sampling: Holtzman et al. 2020)
     * @param seed what the random numbers follow from, with the picture's key
     */
    record Sampling(double temperature, double topP, long seed) implements Decoding {
        public Sampling {
            if (!(temperature > 0 && topP > 0 && topP <= 1)) {
                throw new IllegalArgumentException("temperature " + temperature + ", top-p " + topP);
            }
        }
    }
}
