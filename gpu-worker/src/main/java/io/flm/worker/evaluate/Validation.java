package io.flm.worker.evaluate;

import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.DataSettings;
import io.flm.data.Objective;
import io.flm.data.Pictures;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.TextBatch;
import io.flm.data.Tokenizer;
import io.flm.worker.StepResult;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.FlmModel.TargetScores;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.train.Trainer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Loss and accuracy on held-out samples while a run trains: the heads of the objective, corrupted as in training, always the
 * same samples with the same spans or masks, without augmentation and dropout. Sample k is lane k mod lanes's, so the figures do
 * not depend on who runs which lane.
 */
public final class Validation implements Trainer.Validation {
    private final long every;
    private final Objective objective;
    private final List<List<Rows>> byLane;

    /** @param pixels uint8 [B, 3, S, S] */
    private record Rows(TextBatch text, ByteBuffer pixels) {}

    private Validation(long every, Objective objective, List<List<Rows>> byLane) {
        this.every = every;
        this.objective = objective;
        this.byLane = byLane;
    }

    /**
     * Reads the samples that {@code flm.evaluate.every} asks about.
     *
     * @param note is told of bad samples, a line each
     */
    public static Trainer.Validation from(Config config, Tokenizer tokenizer, int imageSize, Consumer<String> note) {
        long every = config.getLong("flm.evaluate.every");
        if (every == 0) {
            return Trainer.Validation.NONE;
        }
        int samples = config.getInt("flm.evaluate.every-samples");
        DataSettings data = DataSettings.from(config);
        HeldOut heldOut = new HeldOutReader(
                        tokenizer, Pictures.with(data.pictures()), imageSize, data.maxTokens(), data.beginToken(), note)
                .read(HeldOutData.of(config), samples, config.getLong("flm.evaluate.seed"));
        TrainSettings train = TrainSettings.from(config);
        Corruption corruption = new Corruption(train.corruption(), tokenizer.vocabulary(), data.beginToken());
        List<List<Rows>> byLane = new ArrayList<>();
        for (int lane = 0; lane < train.lanes(); lane++) {
            List<Example> own = new ArrayList<>();
            for (int k = lane; k < heldOut.examples().size(); k += train.lanes()) {
                own.add(heldOut.examples().get(k));
            }
            RandomStream random = RandomStream.of(config.getLong("flm.evaluate.seed"), Purpose.CORRUPT, lane);
            List<Rows> batches = new ArrayList<>();
            for (int from = 0; from < own.size(); from += train.microBatch()) {
                List<Example> batch = own.subList(from, Math.min(own.size(), from + train.microBatch()));
                List<int[]> rows = batch.stream().map(Example::ids).toList();
                batches.add(new Rows(corruption.plan(rows, random), HeldOut.pixels(batch)));
            }
            byLane.add(batches);
        }
        return new Validation(every, train.objective(), byLane);
    }

    @Override
    public boolean isDue(long steps) {
        return steps > 0 && steps % every == 0;
    }

    @Override
    public StepResult.HeldOut of(FlmModel model, int lane) {
        int heads = objective.headCount();
        long[] counts = new long[heads];
        double[] losses = new double[heads];
        long[] correct = new long[heads];
        for (Rows rows : byLane.get(lane)) {
            try (NDManager scope = model.newScope()) {
                List<TargetScores> scores =
                        model.score(rows.text, model.imageFeatures(scope, rows.pixels, rows.text.rows()));
                for (int head = 0; head < heads; head++) {
                    TargetScores its = scores.get(head);
                    int[] right = rows.text.heads().get(head).ids();
                    counts[head] += right.length;
                    for (int k = 0; k < right.length; k++) {
                        losses[head] -= its.logProbs()[k];
                        correct[head] += its.best()[k] == right[k] ? 1 : 0;
                    }
                }
            }
        }
        return new StepResult.HeldOut(counts, losses, correct);
    }
}
