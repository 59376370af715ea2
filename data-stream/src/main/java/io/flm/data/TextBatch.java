package io.flm.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The corrupted text of a batch, and which pictures it is read beside. B rows, L padded length; all arrays are row-major [B, L].
 *
 * @param rows B
 * @param length L
 * @param ids what the streams read: an objective may have put masks in. Pads hold the tokenizer's pad token
 * @param lengths the real tokens of each row, [B]: {@code <s>} first, {@code </s>} last
 * @param streams which ones read it
 * @param pictures that the rows see
 * @param heads what each head predicts
 */
public record TextBatch(
        int rows, int length, int[] ids, int[] lengths, Streams streams, SeenPictures pictures, List<Targets> heads) {

    public TextBatch {
        heads = List.copyOf(heads);
        if (ids.length != rows * length || lengths.length != rows || pictures.ofRow().length != rows) {
            throw new IllegalArgumentException("a batch of " + rows + " x " + length + " with " + ids.length + " ids, "
                    + lengths.length + " lengths, pictures for " + pictures.ofRow().length + " rows");
        }
    }

    /** The rows, padded to the longest; row r sees picture r. */
    public static TextBatch of(Streams streams, List<int[]> rows, int padId, List<Targets> heads) {
        int length = longest(rows);
        int[] ids = new int[rows.size() * length];
        Arrays.fill(ids, padId);
        for (int r = 0; r < rows.size(); r++) {
            System.arraycopy(rows.get(r), 0, ids, r * length, rows.get(r).length);
        }
        int[] lengths = rows.stream().mapToInt(row -> row.length).toArray();
        return new TextBatch(rows.size(), length, ids, lengths, streams, SeenPictures.oneEach(rows.size()), heads);
    }

    /** A batch that the l2r stream reads: each token after {@code <s>} predicts the next one. */
    public static TextBatch leftToRight(List<int[]> rows, int padId) {
        int length = longest(rows);
        TokenTargets.Builder next = new TokenTargets.Builder();
        for (int r = 0; r < rows.size(); r++) {
            int[] row = rows.get(r);
            for (int i = 1; i + 1 < row.length; i++) {
                next.add(r * length + i, row[i + 1]);
            }
        }
        return of(Streams.LEFT_TO_RIGHT, rows, padId, List.of(next.build(TokenTargets.From.OUTPUT)));
    }

    /** L of rows that make a batch. */
    public static int longest(List<int[]> rows) {
        return rows.stream().mapToInt(row -> row.length).max().orElse(0);
    }

    /** The same text with other predictions. */
    public TextBatch withHeads(List<? extends Targets> others) {
        return new TextBatch(rows, length, ids, lengths, streams, pictures, List.copyOf(others));
    }

    /** The same text beside other pictures. */
    public TextBatch withPictures(SeenPictures others) {
        return new TextBatch(rows, length, ids, lengths, streams, others, heads);
    }

    /**
     * These rows, and then those of another batch, which see the same pictures and are read by the same streams; this one's heads,
     * and then the other one's.
     */
    public TextBatch joined(TextBatch other, int padId) {
        if (!Arrays.equals(pictures.second(), other.pictures.second())) {
            throw new IllegalArgumentException("batches of other pictures cannot be joined");
        }
        int longer = Math.max(length, other.length);
        List<Targets> all = new ArrayList<>();
        heads.forEach(targets -> all.add(targets.moved(0, length, longer)));
        other.heads.forEach(targets -> all.add(targets.moved(rows, other.length, longer)));
        return new TextBatch(
                rows + other.rows,
                longer,
                both(padded(ids, longer, padId), other.padded(other.ids, longer, padId)),
                both(lengths, other.lengths),
                streams(other, longer),
                new SeenPictures(both(pictures.ofRow(), other.pictures.ofRow()), pictures.second()),
                all);
    }

    private Streams streams(TextBatch other, int longer) {
        if (streams instanceof Reconstruction a && other.streams instanceof Reconstruction b) {
            return new Reconstruction(
                    both(padded(a.queryIds(), longer, 0), other.padded(b.queryIds(), longer, 0)),
                    both(padded(a.left(), longer, 0), other.padded(b.left(), longer, 0)),
                    both(padded(a.right(), longer, 0), other.padded(b.right(), longer, 0)));
        }
        if (streams instanceof Streams.Prefix a && other.streams instanceof Streams.Prefix b) {
            return new Streams.Prefix(both(a.lengths(), b.lengths()));
        }
        if (streams != other.streams) {
            throw new IllegalArgumentException("batches of other streams cannot be joined");
        }
        return streams;
    }

    /** Values of this batch's [B, L] as [B, longer]. */
    private int[] padded(int[] values, int longer, int pad) {
        if (longer == length) {
            return values;
        }
        int[] wide = new int[rows * longer];
        Arrays.fill(wide, pad);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(values, r * length, wide, r * longer, length);
        }
        return wide;
    }

    private static int[] both(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    /** What the reconstructor reads; null unless both streams read the text. */
    public @Nullable Reconstruction reconstruction() {
        return streams instanceof Reconstruction r ? r : null;
    }

    /** The tokens that a head predicts; it predicts nothing else. */
    public TokenTargets tokens(int head) {
        return (TokenTargets) heads.get(head);
    }

    /** The number of predictions of each head. */
    public long[] targetCounts() {
        return heads.stream().mapToLong(Targets::count).toArray();
    }
}
