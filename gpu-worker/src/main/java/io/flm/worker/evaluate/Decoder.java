package io.flm.worker.evaluate;

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

/** Writes captions with the l2r stream. */
public final class Decoder {
    private final FlmModel model;

    public Decoder(FlmModel model) {
        this.model = model;
    }

    /**
     * Takes the likeliest token, again and again.
     *
     * @param imageFeatures [B, P, W]
     * @param start the tokens that each caption begins with
     * @param stop tokens that end a caption
     * @param maxLength of a caption, with start and stop
     * @return each row's tokens with start and stop, as far as it came
     */
    public int[][] greedy(NDArray imageFeatures, int[] start, int[] stop, int maxLength) {
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
                    done[row] = contains(stop, next[row]);
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

    private static boolean contains(int[] tokens, int token) {
        return Arrays.stream(tokens).anyMatch(t -> t == token);
    }
}
