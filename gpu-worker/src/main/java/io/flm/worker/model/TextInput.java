package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.ClassTargets;
import io.flm.data.Reconstruction;
import io.flm.data.ScoreTargets;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A text batch on the device: B rows, L length, P pictures.
 *
 * @param ids what the streams read [B, L]
 * @param lengths real tokens of each row [B]
 * @param length L
 * @param prefixes tokens of each row that see each other [B]; null if not some of them
 * @param bidirectional whether all tokens see each other
 * @param spans what the reconstructor reads, and may not see; null if it is not asked
 * @param pictures the picture of each row [B]; none: row r sees picture r, or all rows the only one
 * @param types the type row of each picture [P]; null: none is the second one of a pair
 * @param tokens which feature rows predict which tokens
 * @param wholeRows of each head that predicts something of whole rows
 */
record TextInput(
        NDArray ids,
        NDArray lengths,
        int length,
        @Nullable NDArray prefixes,
        boolean bidirectional,
        @Nullable Spans spans,
        List<NDArray> pictures,
        @Nullable NDArray types,
        TokenPredictions tokens,
        List<RowPredictions> wholeRows) {
    /**
     * The reconstructor's input.
     *
     * @param queryIds [B, L]
     * @param left span of each position [B, L]
     * @param right span of each position [B, L]
     */
    record Spans(NDArray queryIds, NDArray left, NDArray right) {}

    /**
     * Which rows of which features predict which tokens.
     *
     * @param rows for each feature tensor the indices into its flattened rows
     * @param counts predictions of each head, in order
     * @param parts of which they are, in the same order
     */
    record TokenPredictions(List<NDArray> rows, NDArray targets, long[] counts, List<Part> parts) {
        boolean asked() {
            return Arrays.stream(counts).sum() > 0;
        }
    }

    /**
     * Neighbouring predictions of one head of texts of one source.
     *
     * @param head among those that predict tokens
     */
    record Part(int head, int source, int count) {}

    /**
     * Which rows' class vectors predict what.
     *
     * @param targets classes [N], or scores [N, A]
     * @param count N
     * @param scores which of the two they are
     */
    record RowPredictions(NDArray rows, NDArray targets, int count, boolean scores) {}

    static TextInput of(NDManager scope, TextBatch batch) {
        return of(scope, batch, new int[] {batch.pictures().count()});
    }

    /** @param bySource how many pictures of the batch each source has, one source after another */
    static TextInput of(NDManager scope, TextBatch batch, int[] bySource) {
        int rows = batch.rows();
        int length = batch.length();
        SeenPictures seen = batch.pictures();
        return new TextInput(
                array(scope, batch.ids(), rows, length),
                array(scope, batch.lengths(), rows),
                length,
                batch.streams() instanceof Streams.Prefix p ? array(scope, p.lengths(), rows) : null,
                batch.streams() == Streams.BIDIRECTIONAL,
                spans(scope, batch),
                seen.isOneEach() ? List.of() : List.of(array(scope, seen.ofRow(), rows)),
                seen.hasSecond() ? scope.create(types(seen)) : null,
                tokens(scope, batch, bySource),
                wholeRows(scope, batch));
    }

    private static @Nullable Spans spans(NDManager scope, TextBatch batch) {
        Reconstruction r = batch.reconstruction();
        return r == null
                ? null
                : new Spans(
                        array(scope, r.queryIds(), batch.rows(), batch.length()),
                        array(scope, r.left(), batch.rows(), batch.length()),
                        array(scope, r.right(), batch.rows(), batch.length()));
    }

    private static long[] types(SeenPictures seen) {
        long[] types = new long[seen.count()];
        for (int picture = 0; picture < types.length; picture++) {
            types[picture] = seen.second()[picture] ? 2 : 1;
        }
        return types;
    }

    /** How many streams read the text: both causal ones, or one. */
    int streams() {
        return spans == null ? 1 : 2;
    }

    /** What the tokens of the streams see of each other, additive. */
    NDArray streamMask(Kernels k) {
        if (spans != null) {
            return k.streamMask(lengths, length);
        }
        if (prefixes != null) {
            return k.prefixMask(lengths, prefixes, length);
        }
        return bidirectional ? k.paddingMask(lengths, length) : k.l2rMask(lengths, length);
    }

    /** Of one stream [B, L, H]; or of the reconstructor [B, L, H] and then of the interleaved streams [2B, L, H]. */
    private static TokenPredictions tokens(NDManager scope, TextBatch batch, int[] bySource) {
        List<TokenTargets> heads = Arrays.stream(Heads.tokenHeads(batch.heads()))
                .mapToObj(batch::tokens)
                .toList();
        long[] ids = heads.stream()
                .flatMapToInt(t -> Arrays.stream(t.ids()))
                .asLongStream()
                .toArray();
        int length = batch.length();
        long[] output = heads.stream()
                .filter(t -> t.from() == From.OUTPUT)
                .flatMapToLong(t -> Arrays.stream(t.positions()).asLongStream())
                .toArray();
        long[] streams = heads.stream()
                .filter(t -> t.from() != From.OUTPUT)
                .flatMapToLong(t -> Arrays.stream(t.positions())
                        .mapToLong(p -> (2L * (p / length) + (t.from() == From.R2L ? 1 : 0)) * length + p % length))
                .toArray();
        requireOutputFirst(heads);
        List<NDArray> rows = new ArrayList<>();
        rows.add(scope.create(output));
        if (batch.reconstruction() != null) {
            rows.add(scope.create(streams));
        } else if (streams.length > 0) {
            throw new IllegalArgumentException("one stream reads the text, but two are to predict");
        }
        return new TokenPredictions(
                rows,
                scope.create(ids),
                heads.stream().mapToLong(Targets::count).toArray(),
                bySource.length == 1 ? wholes(heads) : parts(heads, batch, bySource));
    }

    private static List<Part> wholes(List<TokenTargets> heads) {
        return IntStream.range(0, heads.size())
                .mapToObj(head -> new Part(head, 0, heads.get(head).count()))
                .toList();
    }

    private static List<Part> parts(List<TokenTargets> heads, TextBatch batch, int[] bySource) {
        int[] sourceOfPicture = IntStream.range(0, bySource.length)
                .flatMap(source -> IntStream.generate(() -> source).limit(bySource[source]))
                .toArray();
        List<Part> parts = new ArrayList<>();
        for (int head = 0; head < heads.size(); head++) {
            int[] sources = Arrays.stream(heads.get(head).positions())
                    .map(position -> sourceOfPicture[batch.pictures().ofRow()[position / batch.length()]])
                    .toArray();
            for (int from = 0, to = 1; from < sources.length; to++) {
                if (to == sources.length || sources[to] != sources[from]) {
                    parts.add(new Part(head, sources[from], to - from));
                    from = to;
                }
            }
        }
        return parts;
    }

    /** Features are read tensor by tensor, so heads must come in that order. */
    private static void requireOutputFirst(List<TokenTargets> heads) {
        for (int h = 1; h < heads.size(); h++) {
            if (heads.get(h).from() == From.OUTPUT && heads.get(h - 1).from() != From.OUTPUT) {
                throw new IllegalArgumentException("heads of the output come before those of the streams");
            }
        }
    }

    private static List<RowPredictions> wholeRows(NDManager scope, TextBatch batch) {
        return Arrays.stream(Heads.rowHeads(batch.heads()))
                .mapToObj(head -> wholeRows(scope, batch.heads().get(head)))
                .toList();
    }

    private static RowPredictions wholeRows(NDManager scope, Targets targets) {
        if (targets instanceof ScoreTargets s) {
            int answers = s.count() == 0 ? 0 : s.scores().get(0).length;
            float[] all = new float[s.count() * answers];
            for (int i = 0; i < s.count(); i++) {
                System.arraycopy(s.scores().get(i), 0, all, i * answers, answers);
            }
            NDArray scores = scope.create(all, new Shape(s.count(), answers));
            return new RowPredictions(scope.create(wide(s.rows())), scores, s.count(), true);
        }
        ClassTargets c = (ClassTargets) targets;
        return new RowPredictions(scope.create(wide(c.rows())), scope.create(wide(c.classes())), c.count(), false);
    }

    private static NDArray array(NDManager scope, int[] values, long... shape) {
        return scope.create(wide(values), new Shape(shape));
    }

    private static long[] wide(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }
}
