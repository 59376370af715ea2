package io.flm.worker.task;

import io.flm.data.Examples;
import io.flm.data.Sample;
import java.util.List;

/**
 * What a model chose for each example, and what it chose beside the pictures of another one, which is drawn.
 *
 * @param own the class of each example [N]
 * @param shares of the chosen class among all, by softmax [N]
 * @param textOnly the class that it chose without the right pictures [N]
 */
public record Chosen(int[] own, double[] shares, int[] textOnly) {
    /** Asks about all examples. */
    public static Chosen of(TaskModel model, Examples examples, TaskProgress progress) {
        int count = Math.toIntExact(examples.size());
        Chosen chosen = new Chosen(new int[count], new double[count], new int[count]);
        for (long[] block : model.blocks(count)) {
            progress.at((double) block[0] / count, "examples");
            List<Sample> samples = model.read(examples, block[0], block[1]);
            float[][] own = model.classify(samples);
            float[][] texts = model.classifyTexts(examples, block[0], samples);
            for (int i = 0; i < own.length; i++) {
                int at = (int) block[0] + i;
                chosen.own[at] = TaskModel.best(own[i]);
                chosen.shares[at] = TaskModel.share(own[i], chosen.own[at]);
                chosen.textOnly[at] = TaskModel.best(texts[i]);
            }
        }
        return chosen;
    }
}
