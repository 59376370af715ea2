package io.flm.benchmark;

import ai.djl.ndarray.NDArray;
import io.flm.data.SeenPictures;
import io.flm.data.Streams;
import io.flm.data.Targets;
import io.flm.data.TextBatch;
import io.flm.data.TokenTargets;
import io.flm.data.TokenTargets.From;
import io.flm.worker.model.FlmModel;
import java.util.Arrays;
import java.util.List;

/** Greedy captions without caches: the l2r stream reads all captions from their start at every token. */
record RecomputingDecoder(FlmModel model) {
    int[][] greedy(NDArray imageFeatures, int[] start, int[] stop, int maxLength) {
        int rows = (int) imageFeatures.getShape().get(0);
        int[][] captions = new int[rows][];
        Arrays.fill(captions, start);
        boolean[] done = new boolean[rows];
        int left = rows;
        for (int length = start.length; length < maxLength && left > 0; length++) {
            int[] next = next(captions, imageFeatures, length);
            for (int row = 0; row < rows; row++) {
                if (!done[row]) {
                    captions[row] = Arrays.copyOf(captions[row], length + 1);
                    captions[row][length] = next[row];
                    int token = next[row];
                    done[row] = Arrays.stream(stop).anyMatch(end -> end == token);
                    left -= done[row] ? 1 : 0;
                }
            }
        }
        return captions;
    }

    /** The likeliest next token of each row; a row that is done is read on with what it ended in, for nothing. */
    private int[] next(int[][] captions, NDArray imageFeatures, int length) {
        int rows = captions.length;
        int[] ids = new int[rows * length];
        int[] positions = new int[rows];
        int[] lengths = new int[rows];
        Arrays.fill(lengths, length);
        for (int row = 0; row < rows; row++) {
            int[] caption = captions[row];
            System.arraycopy(caption, 0, ids, row * length, caption.length);
            Arrays.fill(ids, row * length + caption.length, (row + 1) * length, caption[caption.length - 1]);
            positions[row] = row * length + length - 1;
        }
        List<Targets> heads = List.of(new TokenTargets(From.OUTPUT, positions, new int[rows]));
        TextBatch batch =
                new TextBatch(rows, length, ids, lengths, Streams.LEFT_TO_RIGHT, SeenPictures.oneEach(rows), heads);
        return model.score(batch, imageFeatures).get(0).best();
    }
}
