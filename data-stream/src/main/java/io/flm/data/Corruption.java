package io.flm.data;

import java.util.List;

/**
 * Makes a batch of texts: what each token may not see, and what each head predicts. Each objective has its own.
 *
 * <p>Neither {@code <s>} nor the begin token is ever predicted: they are the same in every row. Heads of tokens count what is predicted
 * and hidden: {@link CorruptionCounts}.
 */
@FunctionalInterface
public interface Corruption {
    /** Corrupts the samples' texts; the same samples and stream give the same batch. */
    TextBatch plan(List<Sample> samples, RandomStream random);
}
