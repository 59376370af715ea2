package io.flm.data;

/**
 * What one head is to predict of one batch: tokens of its texts, or something of whole rows, whose class vectors the head reads.
 */
public sealed interface Targets permits TokenTargets, ClassTargets, ScoreTargets {
    /** N, predictions. */
    int count();

    /** How much of the texts is predicted, and hidden; of tokens alone. */
    default CorruptionCounts corruption() {
        return CorruptionCounts.NONE;
    }

    /**
     * The same in a batch in which these rows come after others.
     *
     * @param rows that come before
     * @param before L until now
     * @param after L of the new batch
     */
    Targets moved(int rows, int before, int after);
}
