package io.flm.data;

/**
 * How texts are corrupted, and so what is to be predicted.
 *
 * @param spanRate FLM: the share of what a token sees that its span hides, in [0, 1)
 * @param maskRate MLM: the share of tokens that are predicted, in (0, 1]
 * @param wholeWord MLM: whether all pieces of a word are masked together
 */
public record CorruptionSettings(Objective objective, double spanRate, double maskRate, boolean wholeWord) {
    public CorruptionSettings {
        if (!(spanRate >= 0 && spanRate < 1)) {
            throw new UserException("flm.train.span-rate = " + spanRate + ": give a rate in [0, 1)");
        }
        if (!(maskRate > 0 && maskRate <= 1)) {
            throw new UserException("flm.train.mask-rate = " + maskRate + ": give a rate in (0, 1]");
        }
    }
}
