package io.flm.data;

import java.util.List;

/**
 * The corrupted text of a batch. B rows, L padded length; all arrays are row-major [B, L].
 *
 * @param rows B
 * @param length L
 * @param ids what the streams read; for {@link Objective#MLM} with masks put in. Pads hold {@link Tokenizer#padId}
 * @param lengths the real tokens of each row, [B]: {@code <s>} first, {@code </s>} last
 * @param queryIds what the reconstructor reads: {@code <mask>} at every real position but the first and the last, 0 at
 *     pads. Empty unless the objective is FLM
 * @param left the left extent of each position's span: position i loses l2r columns [i - left, i]; FLM only, else empty
 * @param right the right extent: position i loses r2l columns [i, i + right]; FLM only, else empty
 * @param heads what each head of the objective predicts, in the order of {@link Objective#headName}
 */
public record TextBatch(
        Objective objective,
        int rows,
        int length,
        int[] ids,
        int[] lengths,
        int[] queryIds,
        int[] left,
        int[] right,
        List<Targets> heads) {

    public TextBatch {
        heads = List.copyOf(heads);
        if (ids.length != rows * length || lengths.length != rows || heads.size() != objective.headCount()) {
            throw new IllegalArgumentException("a batch of " + rows + " x " + length + " with " + ids.length + " ids, "
                    + lengths.length + " lengths, " + heads.size() + " heads");
        }
    }

    /** The number of predictions of each head. */
    public long[] targetCounts() {
        return heads.stream().mapToLong(Targets::count).toArray();
    }
}
