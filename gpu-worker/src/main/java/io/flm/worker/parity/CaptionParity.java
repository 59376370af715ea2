package io.flm.worker.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.worker.checkpoint.Safetensors;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.model.CaptionStream;
import io.flm.worker.model.FlmModel;
import io.flm.worker.parity.Parity.Check;
import java.util.Arrays;
import java.util.List;

/**
 * Greedy captions: the ids, exactly, and the logits of the first tokens. The official implementation writes on after a caption has
 * ended; what it writes there is not looked at.
 */
final class CaptionParity {
    private static final double LOGITS = 1e-4; // of the largest logit

    private final Golden golden;
    private final FlmModel model;
    private final int[] start;
    private final int[] stop;

    CaptionParity(Golden golden, FlmModel model, int[] start, int[] stop) {
        this.golden = golden;
        this.model = model;
        this.start = start;
        this.stop = stop;
    }

    /**
     * @param steps tokens that were written after the start
     * @param expected the official ids and logits
     */
    List<Check> compare(int steps, Safetensors expected) {
        try (NDManager scope = model.newScope()) {
            NDArray features = model.imageFeatures(scope, golden.image(scope));
            return List.of(ids(features, steps, expected), logits(features, expected));
        }
    }

    private Check ids(NDArray features, int steps, Safetensors expected) {
        CaptionBounds bounds = new CaptionBounds(start, stop, start.length + steps);
        int[][] ours = new Decoder(model, bounds).greedy(features);
        int[][] official = rows(expected, "ids");
        int wrong = 0;
        String worst = "";
        for (int row = 0; row < golden.rows(); row++) {
            int[] written = Arrays.copyOfRange(ours[row], start.length, ours[row].length);
            if (!Arrays.equals(written, untilItsEnd(official[row]))) {
                wrong++;
                worst = "row " + row + " is " + Arrays.toString(written);
            }
        }
        return new Check(
                "greedy captions, share of wrong ones", (double) wrong / golden.rows(), 0, worst, golden.rows());
    }

    /** Reads the official captions column by column. */
    private Check logits(NDArray features, Safetensors expected) {
        int[][] official = rows(expected, "ids_first8");
        float[] all = expected.floats("logits_first8"); // [B, steps, V]
        int rows = golden.rows();
        int steps = official[0].length;
        int vocabulary = all.length / (rows * steps);
        double largest = Comparison.largest(all);
        Comparison comparison = new Comparison();
        try (CaptionStream stream = model.captionStream(features, 1, start.length + steps)) {
            stream.begin(start);
            for (int step = 0; step < steps; step++) {
                int at = step;
                if (step > 0) {
                    stream.read(Arrays.stream(official)
                            .mapToInt(caption -> caption[at - 1])
                            .toArray());
                }
                float[] ours = stream.logits();
                for (int row = 0; row < rows; row++) {
                    if (step < untilItsEnd(official[row]).length) {
                        float[] theirs = Arrays.copyOfRange(
                                all, (row * steps + step) * vocabulary, (row * steps + step + 1) * vocabulary);
                        float[] own = Arrays.copyOfRange(ours, row * vocabulary, (row + 1) * vocabulary);
                        String name = "row " + row + ", token " + step;
                        comparison.add(name, Comparison.difference(own, theirs) / largest);
                    }
                }
            }
        }
        return comparison.check("greedy captions, logits", LOGITS);
    }

    private int[][] rows(Safetensors expected, String name) {
        int[] all =
                Arrays.stream(expected.longs(name)).mapToInt(Math::toIntExact).toArray();
        int length = all.length / golden.rows();
        int[][] rows = new int[golden.rows()][];
        Arrays.setAll(rows, row -> Arrays.copyOfRange(all, row * length, (row + 1) * length));
        return rows;
    }

    /** The tokens up to the first that ends the caption, with it. */
    private int[] untilItsEnd(int[] tokens) {
        for (int i = 0; i < tokens.length; i++) {
            int token = tokens[i];
            if (Arrays.stream(stop).anyMatch(end -> end == token)) {
                return Arrays.copyOf(tokens, i + 1);
            }
        }
        return tokens;
    }
}
