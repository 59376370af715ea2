package io.flm.worker.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.flm.data.Objective;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import java.util.List;

/**
 * A text batch on the device: B rows, L length.
 *
 * @param ids what the streams read [B, L]
 * @param lengths real tokens of each row [B]
 * @param queryIds what the reconstructor reads [B, L]; of FLM
 * @param left spans [B, L]; of FLM
 * @param right spans [B, L]; of FLM
 * @param length L
 * @param predictions which feature rows predict what
 */
record Text(
        NDArray ids,
        NDArray lengths,
        List<NDArray> queryIds,
        List<NDArray> left,
        List<NDArray> right,
        int length,
        Pass.Predictions predictions) {

    static Text of(NDManager scope, TextBatch batch) {
        int rows = batch.rows();
        int length = batch.length();
        boolean flm = batch.objective() == Objective.FLM;
        return new Text(
                array(scope, batch.ids(), rows, length),
                array(scope, batch.lengths(), rows),
                flm ? List.of(array(scope, batch.queryIds(), rows, length)) : List.of(),
                flm ? List.of(array(scope, batch.left(), rows, length)) : List.of(),
                flm ? List.of(array(scope, batch.right(), rows, length)) : List.of(),
                length,
                predictions(scope, batch));
    }

    /** FLM reads the reconstructor's features [B, L, H] and then the interleaved streams [2B, L, H]. */
    private static Pass.Predictions predictions(NDManager scope, TextBatch batch) {
        List<Targets> heads = batch.heads();
        long[] ids = heads.stream()
                .flatMapToInt(t -> java.util.Arrays.stream(t.ids()))
                .asLongStream()
                .toArray();
        NDArray targets = scope.create(ids);
        if (batch.objective() != Objective.FLM) {
            return new Pass.Predictions(
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
        return new Pass.Predictions(
                List.of(scope.create(wide(heads.get(0).positions())), scope.create(streams)),
                targets,
                batch.targetCounts());
    }

    private static NDArray array(NDManager scope, int[] values, long... shape) {
        return scope.create(wide(values), new Shape(shape));
    }

    private static long[] wide(int[] values) {
        long[] wide = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
