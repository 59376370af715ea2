package io.flm.worker.objective;

/**
 * One kind of prediction, with a weight in the loss and with loss and accuracy of its own in the metrics. The heads of an objective
 * share the output layers, {@code TokenHead}; attention heads are another thing.
 *
 * @param name as shown to users: {@code rec}, {@code l2r}, {@code mlm}
 * @param predicts what its targets are
 * @param weight of one of its predictions beside those of other heads
 */
public record Head(String name, Predicts predicts, double weight) {
    /** What a head's targets are. */
    public enum Predicts {
        /** A token of the vocabulary, at each of some positions. */
        TOKEN,
        /** One class of a few, for a sample. */
        CLASS,
        /** A number for each of some answers, for a sample. */
        SCORE
    }
}
