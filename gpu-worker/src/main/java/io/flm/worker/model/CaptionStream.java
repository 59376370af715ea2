package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.PositionRule;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The l2r stream of captions that are being written, a column at a time: FLM §3.1. Each layer keeps the keys and values of the
 * columns that were read, and those of the pictures; so the work of a token does not grow with those before it. Column 0 is
 * {@code <s>}, which no other column sees: it is counted and not computed, unless a caption begins with it alone.
 *
 * <p>G pictures, R rows: the captions of a picture are neighbours, as many for each picture. V vocabulary. It belongs to the
 * model's thread.
 */
public final class CaptionStream implements AutoCloseable {
    /**
     * The likeliest next tokens of each row, best first.
     *
     * @param logProbs [R * count], natural logarithms
     * @param tokens [R * count]
     */
    public record Ranked(int count, float[] logProbs, int[] tokens) {}

    private final FlmModel model;
    private final TextEncoder textEncoder;
    private final Fusion fusion;
    private final TokenHead head;
    private final int rowsEach;
    private final int slots;

    private Caches caches;
    private int[] positions; // of the newest token that counts, by row
    private int used; // slots that hold a column
    private @Nullable Column newest;

    /** What was kept of columns and pictures; as long as no row leaves, it stays where it is. */
    private record Caches(NDManager scope, List<NDArray> bottom, List<NDArray> top, List<NDArray> pictures) {
        private List<NDArray> ofColumns() {
            return Stream.concat(bottom.stream(), top.stream()).toList();
        }
    }

    /** What the layers made of the newest column [R, H]. */
    private record Column(NDManager scope, NDArray x) {}

    /** See {@link FlmModel#captionStream}. */
    CaptionStream(
            FlmModel model,
            TextEncoder textEncoder,
            Fusion fusion,
            TokenHead head,
            NDArray imageFeatures,
            int rowsEach,
            int maxLength) {
        this.model = model;
        this.textEncoder = textEncoder;
        this.fusion = fusion;
        this.head = head;
        this.rowsEach = rowsEach;
        slots = Math.max(1, maxLength - 2); // neither column 0 nor the last one is seen by another
        int rows = (int) imageFeatures.getShape().get(0) * rowsEach;
        positions = new int[rows];
        Arrays.fill(positions, model.settings().positions().first() - 1);
        NDManager scope = model.newScope();
        try (NDManager inner = model.newScope()) {
            Kernels k = model.kernels(scope);
            NDArray pictures = fusion.image(model.kernels(inner), imageFeatures, null);
            caches = new Caches(
                    scope,
                    textEncoder.caches(k, rows, slots),
                    fusion.caches(k, rows, slots),
                    fusion.pictureCaches(k, pictures));
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
    }

    /** R. */
    public int rows() {
        return positions.length;
    }

    /** Reads what every caption begins with: at first, once. */
    public void begin(int[] start) {
        for (int column = 0; column < start.length; column++) {
            int[] ids = new int[rows()];
            Arrays.fill(ids, start[column]);
            if (column > 0) {
                read(ids);
            } else if (start.length == 1) {
                read(ids);
                used = 0; // the next column takes its place
            } else {
                count(ids);
            }
        }
    }

    /** Reads the next token of each row. */
    public void read(int[] ids) {
        if (used == slots) {
            throw new IllegalStateException("column " + (used + 1) + " of a stream of " + slots);
        }
        int rows = rows();
        long[] columns = count(ids);
        closeNewest();
        NDManager scope = model.newScope();
        try {
            Kernels k = model.kernels(scope);
            NDArray below = textEncoder.column(k, scope.create(columns, new Shape(2, rows)), caches.bottom(), used);
            newest = new Column(scope, fusion.column(k, below, caches.top(), used, caches.pictures()));
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
        used++;
    }

    /** Ids and positions of the rows [2, R]; the tokens are counted, as in the embedding. */
    private long[] count(int[] ids) {
        PositionRule rule = model.settings().positions();
        int rows = rows();
        long[] columns = new long[2 * rows];
        for (int row = 0; row < rows; row++) {
            boolean counted = ids[row] != rule.uncountedId();
            positions[row] += counted ? 1 : 0;
            columns[row] = ids[row];
            columns[rows + row] = counted ? positions[row] : rule.first() - 1;
        }
        return columns;
    }

    /**
     * Goes on with these rows, each of which may be taken several times; but the pictures keep their order, and one is left out with
     * all its rows. After it comes {@link #read}.
     */
    public void keep(int[] rows) {
        boolean inPlace = rows.length == rows();
        if (inPlace && IntStream.range(0, rows.length).allMatch(i -> rows[i] == i)) {
            return;
        }
        for (int i = 0; i < rows.length; i++) {
            int first = rows[i - i % rowsEach];
            if (rows[i] / rowsEach != first / rowsEach || (inPlace && rows[i] / rowsEach != i / rowsEach)) {
                throw new IllegalArgumentException(
                        "rows " + Arrays.toString(rows) + " mix pictures of " + rowsEach + " rows each");
            }
        }
        positions = Arrays.stream(rows).map(row -> positions[row]).toArray();
        closeNewest();
        try (NDManager inner = model.newScope()) {
            if (inPlace) {
                model.kernels(inner).reorderRows(caches.ofColumns(), indices(inner, rows), used);
            } else {
                leaveOut(inner, rows);
            }
        }
    }

    private void leaveOut(NDManager inner, int[] rows) {
        NDManager scope = model.newScope();
        try {
            Kernels k = model.kernels(scope);
            NDArray indices = indices(inner, rows);
            int[] pictures = IntStream.range(0, rows.length / rowsEach)
                    .map(i -> rows[i * rowsEach] / rowsEach)
                    .toArray();
            Caches fewer = new Caches(
                    scope,
                    k.selectRows(caches.bottom(), indices),
                    k.selectRows(caches.top(), indices),
                    k.selectRows(caches.pictures(), indices(inner, pictures)));
            caches.scope().close();
            caches = fewer;
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
    }

    private static NDArray indices(NDManager scope, int[] values) {
        return scope.create(Arrays.stream(values).asLongStream().toArray());
    }

    // ---- what comes next --------------------------------------------------------------------------------------------

    /** The likeliest next token of each row. */
    public int[] best() {
        Column column = newest();
        return ints(head.best(model.kernels(column.scope()), column.x()));
    }

    /** @param count for each row, at most V */
    public Ranked ranked(int count) {
        Column column = newest();
        List<NDArray> ranked = head.ranked(model.kernels(column.scope()), column.x(), count);
        return new Ranked(count, ranked.get(0).toFloatArray(), ints(ranked.get(1)));
    }

    /**
     * A next token for each row, drawn among the likeliest ones.
     *
     * @param draws uniform in [0, 1), one for each row
     * @param temperature that the logits are divided by
     * @param topP the probability that these have together, at least; above 0, 1: all tokens
     */
    public int[] drawn(double[] draws, double temperature, double topP) {
        Column column = newest();
        NDArray numbers = column.scope().create(draws);
        return ints(head.drawn(model.kernels(column.scope()), column.x(), numbers, temperature, topP));
    }

    /** The logits of the next token [R * V]. */
    public float[] logits() {
        Column column = newest();
        return head.logits(model.kernels(column.scope()), column.x()).toFloatArray();
    }

    private Column newest() {
        Column column = newest;
        if (column == null) {
            throw new IllegalStateException("no column was read since the stream began or rows were chosen");
        }
        return column;
    }

    private static int[] ints(NDArray longs) {
        return Arrays.stream(longs.toLongArray()).mapToInt(Math::toIntExact).toArray();
    }

    private void closeNewest() {
        if (newest != null) {
            newest.scope().close();
            newest = null;
        }
    }

    @Override
    public void close() {
        closeNewest();
        caches.scope().close();
    }
}
