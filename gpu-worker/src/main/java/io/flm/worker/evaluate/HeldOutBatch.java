package io.flm.worker.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.Sample;
import io.flm.data.TextBatch;
import io.flm.worker.model.FlmModel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Held-out samples as a model takes them at once, corrupted as in training.
 *
 * @param pixels uint8 [B, 3, S, S]
 */
record HeldOutBatch(TextBatch text, ByteBuffer pixels) {
    /**
     * Samples in batches of so many, in their order.
     *
     * @param random of what is hidden
     */
    static List<HeldOutBatch> of(List<Sample> samples, int microBatch, Corruption corruption, RandomStream random) {
        List<HeldOutBatch> batches = new ArrayList<>();
        for (int from = 0; from < samples.size(); from += microBatch) {
            List<Sample> batch = samples.subList(from, Math.min(samples.size(), from + microBatch));
            batches.add(new HeldOutBatch(corruption.plan(batch, random), Sample.pixels(batch)));
        }
        return batches;
    }

    NDArray features(FlmModel model, NDManager scope) {
        return model.imageFeatures(scope, pixels, text.pictures().count());
    }
}
