package io.flm.worker.task;

import io.flm.data.Examples;
import io.flm.data.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a model chose for each example, and what it chose beside the pictures of another one, which is drawn.
 *
 * @param own the class of each example [N]
 * @param shares of the chosen class among all, by softmax [N]
 * @param textOnly the class that it chose without the right pictures [N]
 * @param shown some examples that are evenly spread over all, by their index, ascending
 */
public record Chosen(int[] own, double[] shares, int[] textOnly, SortedMap<Integer, Sample> shown) {
    private static final int SHOWN = 48;

    /** Asks about all examples. */
    public static Chosen of(TaskModel model, Examples examples, ScoringProgress progress) {
        int count = Math.toIntExact(examples.size());
        Chosen chosen = new Chosen(new int[count], new double[count], new int[count], new TreeMap<>());
        int[] shown = TaskModel.spread(count, SHOWN);
        for (long[] block : model.blocks(count)) {
            double size = block[1] - block[0];
            progress.at(block[0] / (double) count, "examples");
            List<Sample> samples = model.read(examples, block[0], block[1]);
            progress.at((block[0] + size / 3) / count, "examples");
            float[][] own = model.classify(samples);
            progress.at((block[0] + size * 2 / 3) / count, "examples, by text alone");
            float[][] texts = model.classifyTexts(examples, block[0], samples);
            for (int i = 0; i < own.length; i++) {
                int at = (int) block[0] + i;
                chosen.own[at] = TaskModel.best(own[i]);
                chosen.shares[at] = TaskModel.share(own[i], chosen.own[at]);
                chosen.textOnly[at] = TaskModel.best(texts[i]);
                if (Arrays.binarySearch(shown, at) >= 0) {
                    chosen.shown.put(at, samples.get(i));
                }
            }
        }
        return chosen;
    }
}
