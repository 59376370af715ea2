package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.Reconstruction;
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A text batch on the device: B rows, L length.
 *
 * @param ids what the streams read [B, L]
 * @param lengths real tokens of each row [B]
 * @param length L
 * @param read the streams that read it
 * @param spans what the reconstructor reads, and may not see; null if it is not asked
 * @param predictions which feature rows predict what
 */
record TextInput(
        NDArray ids,
        NDArray lengths,
        int length,
        Streams read,
        @Nullable Spans spans,
        Predictions predictions) {
    /**
     * The reconstructor's input.
     *
     * @param queryIds [B, L]
     * @param left span of each position [B, L]
     * @param right span of each position [B, L]
     */
    record Spans(NDArray queryIds, NDArray left, NDArray right) {}

    /**
     * Which rows of which features predict what.
     *
     * @param rows for each feature tensor the indices into its flattened rows
     * @param counts predictions of each head, in order
     */
    record Predictions(List<NDArray> rows, NDArray targets, long[] counts) {}

    static TextInput of(NDManager scope, TextBatch batch) {
        int rows = batch.rows();
        int length = batch.length();
        return new TextInput(
                array(scope, batch.ids(), rows, length),
                array(scope, batch.lengths(), rows),
                length,
                batch.streams(),
                spans(scope, batch),
                predictions(scope, batch));
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

    /** How many streams read the text: both causal ones, or one. */
    int streams() {
        return spans == null ? 1 : 2;
    }

    /** What the tokens of the streams see of each other, additive. */
    NDArray streamMask(Kernels k) {
        return switch (read) {
            case RECONSTRUCTED -> k.streamMask(lengths, length);
            case LEFT_TO_RIGHT -> k.l2rMask(lengths, length);
            case BIDIRECTIONAL -> k.paddingMask(lengths, length);
        };
    }

    /** Of one stream [B, L, H]; or of the reconstructor [B, L, H] and then of the interleaved streams [2B, L, H]. */
    private static Predictions predictions(NDManager scope, TextBatch batch) {
        List<Targets> heads = batch.heads();
        long[] ids = heads.stream()
                .flatMapToInt(t -> Arrays.stream(t.ids()))
                .asLongStream()
                .toArray();
        NDArray targets = scope.create(ids);
        if (batch.streams() != Streams.RECONSTRUCTED) {
            return new Predictions(
                    List.of(scope.create(wide(heads.get(0).positions()))), targets, batch.targetCounts());
        }
        int length = batch.length();
        long[] streams = new long[heads.get(1).count() + heads.get(2).count()];
        int at = 0;
        for (int stream = 0; stream < 2; stream++) {
            for (int position : heads.get(1 + stream).positions()) {
                int row = position / length;
                streams[at++] = (long) (2 * row + stream) * length + position % length;
            }
        }
        return new Predictions(
                List.of(scope.create(wide(heads.get(0).positions())), scope.create(streams)),
                targets,
                batch.targetCounts());
    }

    private static NDArray array(NDManager scope, int[] values, long... shape) {
        return scope.create(wide(values), new Shape(shape));
    }

    private static long[] wide(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }
}
