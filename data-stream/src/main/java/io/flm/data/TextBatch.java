package io.flm.data;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The corrupted text of a batch. B rows, L padded length; all arrays are row-major [B, L].
 *
 * @param rows B
 * @param length L
 * @param ids what the streams read: an objective may have put masks in. Pads hold the tokenizer's pad token
 * @param lengths the real tokens of each row, [B]: {@code <s>} first, {@code </s>} last
 * @param streams which ones read it
 * @param reconstruction the reconstructor's input; null unless both streams read it
 * @param heads what each head predicts: of the one stream, or of the reconstructor, the l2r and the r2l stream
 */
public record TextBatch(
        int rows,
        int length,
        int[] ids,
        int[] lengths,
        Streams streams,
        @Nullable Reconstruction reconstruction,
        List<Targets> heads) {

    public TextBatch {
        heads = List.copyOf(heads);
        boolean reconstructed = streams == Streams.RECONSTRUCTED;
        if (ids.length != rows * length
                || lengths.length != rows
                || heads.size() != (reconstructed ? 3 : 1)
                || reconstructed != (reconstruction != null)) {
            throw new IllegalArgumentException("a batch of " + rows + " x " + length + " with " + ids.length + " ids, "
                    + lengths.length + " lengths, " + heads.size() + " heads, streams " + streams);
        }
    }

    /** A batch that one stream reads: the rows, padded to the longest. */
    public static TextBatch ofOneStream(Streams streams, List<int[]> rows, int padId, Targets targets) {
        return padded(streams, rows, padId, null, List.of(targets));
    }

    /** A batch that the l2r stream reads: each token after {@code <s>} predicts the next one. */
    public static TextBatch leftToRight(List<int[]> rows, int padId) {
        int length = longest(rows);
        Targets.Builder next = new Targets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int i = 1; i + 1 < row.length; i++) {
                next.add(r * length + i, row[i + 1]);
            }
        }
        return ofOneStream(Streams.LEFT_TO_RIGHT, rows, padId, next.build());
    }

    /** A batch that both streams and the reconstructor read: the rows, padded to the longest. */
    public static TextBatch reconstructed(
            List<int[]> rows, int padId, Reconstruction reconstruction, List<Targets> heads) {
        return padded(Streams.RECONSTRUCTED, rows, padId, reconstruction, heads);
    }

    private static TextBatch padded(
            Streams streams,
            List<int[]> rows,
            int padId,
            @Nullable Reconstruction reconstruction,
            List<Targets> heads) {
        int length = longest(rows);
        int[] ids = new int[rows.size() * length];
        Arrays.fill(ids, padId);
        for (int r = 0; r < rows.size(); r++) {
            System.arraycopy(rows.get(r), 0, ids, r * length, rows.get(r).length);
        }
        int[] lengths = rows.stream().mapToInt(row -> row.length).toArray();
        return new TextBatch(rows.size(), length, ids, lengths, streams, reconstruction, heads);
    }

    /** L of rows that make a batch. */
    public static int longest(List<int[]> rows) {
        return rows.stream().mapToInt(row -> row.length).max().orElse(0);
    }

    /** The same text with other predictions. */
    public TextBatch withHeads(List<Targets> others) {
        return new TextBatch(rows, length, ids, lengths, streams, reconstruction, others);
    }

    /** The number of predictions of each head. */
    public long[] targetCounts() {
        return heads.stream().mapToLong(Targets::count).toArray();
    }
}
