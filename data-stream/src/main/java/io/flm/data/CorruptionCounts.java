package io.flm.data;

/**
 * How much of its texts a head predicts, and how much is hidden of what it predicts them from: FLM (arXiv 2303.14038) §3.1. Counts, so
 * that those of lanes and steps can be added; their shares are the rates.
 *
 * @param predictable tokens of the texts that could be predicted: all but what every row begins with, so {@code </s>} too; a text that
 *     is read several times counts once
 * @param predicted tokens that are predicted
 * @param visible tokens that the predicted ones could see if nothing were hidden, summed over these: those of their text but {@code
 *     <s>}, which holds all of it; a token's own is one of them
 * @param hidden of the visible ones: its own, and what the corruption or the direction of the stream hides
 */
public record CorruptionCounts(long predictable, long predicted, long visible, long hidden) {
    /** Of a head that predicts no tokens. */
    public static final CorruptionCounts NONE = new CorruptionCounts(0, 0, 0, 0);

    public CorruptionCounts plus(CorruptionCounts other) {
        return new CorruptionCounts(
                predictable + other.predictable,
                predicted + other.predicted,
                visible + other.visible,
                hidden + other.hidden);
    }

    /** Whether there is anything to have a rate. */
    public boolean any() {
        return predictable > 0 && visible > 0;
    }

    /** The share of tokens that are predicted. */
    public double predictionRate() {
        return (double) predicted / Math.max(1, predictable);
    }

    /** The share of what a predicted token could see that it may not see. */
    public double corruptionRate() {
        return (double) hidden / Math.max(1, visible);
    }
}
