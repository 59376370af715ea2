package io.flm.worker.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.Streams;
import io.flm.data.TextBatch;
import io.flm.worker.torch.Script;
import io.flm.worker.torch.Torch;
import java.util.List;

/**
 * What each token of a text may see of it, FLM (arXiv 2303.14038) §3.1 and §3.2: the masks of the model's attention, as its own kernels
 * make them. For people to look at. It belongs to one thread, which is prepared for the engine.
 *
 * <p>n real tokens of a row, L padded length, B rows.
 */
public final class TextMasks implements AutoCloseable {
    /** The name of the one stream that reads a text in more than one direction. */
    public static final String ONE_STREAM = "text";

    /** The name of the left-to-right stream. */
    public static final String L2R = "l2r";

    /** The name of the right-to-left stream. */
    public static final String R2L = "r2l";

    /** The name of the reconstructor. */
    public static final String RECONSTRUCTOR = "reconstructor";

    /**
     * A part of the model that reads a text.
     *
     * @param name of a stream, or of the reconstructor
     * @param seen what it sees of each stream that it reads; a stream reads itself, the reconstructor both streams
     */
    public record Reader(String name, List<Seen> seen) {
        public Reader {
            seen = List.copyOf(seen);
        }
    }

    /**
     * What is seen of a stream.
     *
     * @param stream its name
     * @param columns whether the token at a position sees that of a column [n][n]
     */
    public record Seen(String stream, boolean[][] columns) {}

    private final ModelSettings settings;
    private final NDManager owner = Torch.newManager(Device.cpu());
    private final Script script;

    /** @param settings of the model; masks depend on none of them */
    public TextMasks(ModelSettings settings) {
        this.settings = settings;
        try {
            script = Kernels.compiled(owner);
        } catch (RuntimeException | Error e) {
            owner.close();
            throw e;
        }
    }

    /** The readers of a row of a batch, the streams before the reconstructor. */
    public List<Reader> of(TextBatch batch, int row) {
        int n = batch.lengths()[row];
        int length = batch.length();
        try (NDManager scope = owner.newSubManager()) {
            Kernels k = new Kernels(script, scope, settings, Precision.FP32, 0, 0, Observer.NONE);
            TextInput text = TextInput.of(scope, batch);
            float[] streams = text.streamMask(k).toFloatArray();
            TextInput.Spans spans = text.spans();
            if (spans == null) {
                String name = batch.streams() == Streams.LEFT_TO_RIGHT ? L2R : ONE_STREAM;
                // [B, 1, L, L], or [B, 1, 1, L] where all tokens see the same
                int queries = streams.length / (batch.rows() * length);
                int from = row * queries * length;
                return List.of(new Reader(
                        name, List.of(new Seen(name, seen(streams, from, queries == 1 ? 0 : length, n)))));
            }
            int l2r = 2 * row * length * length; // of [2B, 1, L, L], interleaved
            int r2l = l2r + length * length;
            NDArray mask = k.reconstructorMask(text.lengths(), spans.left(), spans.right()); // [B, 1, L, 2L]
            return List.of(
                    new Reader(L2R, List.of(new Seen(L2R, seen(streams, l2r, length, n)))),
                    new Reader(R2L, List.of(new Seen(R2L, seen(streams, r2l, length, n)))),
                    new Reader(RECONSTRUCTOR, halves(mask.toFloatArray(), 2 * row * length * length, length, n)));
        }
    }

    /** The reconstructor's keys are the columns of both streams, l2r first. */
    private static List<Seen> halves(float[] mask, int from, int length, int n) {
        boolean[][] l2r = new boolean[n][];
        boolean[][] r2l = new boolean[n][];
        for (int i = 0; i < n; i++) {
            int row = from + i * 2 * length;
            boolean nothing = isAllHidden(mask, row, 2 * length);
            l2r[i] = seen(mask, row, n, nothing);
            r2l[i] = seen(mask, row + length, n, nothing);
        }
        return List.of(new Seen(L2R, l2r), new Seen(R2L, r2l));
    }

    /** @param stride from the keys of a query to those of the next */
    private static boolean[][] seen(float[] mask, int from, int stride, int n) {
        boolean[][] seen = new boolean[n][];
        for (int i = 0; i < n; i++) {
            seen[i] = seen(mask, from + i * stride, n, false); // each token of a stream sees itself
        }
        return seen;
    }

    private static boolean[] seen(float[] mask, int from, int n, boolean all) {
        boolean[] seen = new boolean[n];
        for (int column = 0; column < n; column++) {
            seen[column] = all || mask[from + column] == 0;
        }
        return seen;
    }

    /** Masks are added to the scores: if all keys have the same penalty, it cancels, and all are attended to. */
    private static boolean isAllHidden(float[] mask, int from, int keys) {
        for (int key = 0; key < keys; key++) {
            if (mask[from + key] == 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        script.close();
        owner.close();
    }
}
