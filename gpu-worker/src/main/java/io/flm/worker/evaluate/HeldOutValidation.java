package io.flm.worker.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.DataSettings;
import io.flm.data.Pictures;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Sample;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Loss;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.train.Validation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Loss and accuracy on held-out samples while a run trains: the heads of the objective, corrupted as in training, always the
 * same samples with the same spans or masks, without augmentation and dropout. Sample k is lane k mod lanes's, so the figures do
 * not depend on who runs which lane.
 */
public final class HeldOutValidation implements Validation {
    private final long every;
    private final int heads;
    private final List<List<Rows>> byLane;

    /** @param pixels uint8 [B, 3, S, S] */
    private record Rows(TextBatch text, ByteBuffer pixels) {}

    private HeldOutValidation(long every, int heads, List<List<Rows>> byLane) {
        this.every = every;
        this.heads = heads;
        this.byLane = byLane;
    }

    /**
     * Reads the samples that {@code flm.evaluate.every} asks about.
     *
     * @param note is told of bad samples, a line each
     */
    public static Validation from(Config config, Tokenizer tokenizer, int imageSize, Consumer<String> note) {
        long every = config.getLong("flm.evaluate.every");
        if (every == 0) {
            return Validation.NONE;
        }
        int samples = config.getInt("flm.evaluate.every-samples");
        DataSettings data = DataSettings.from(config);
        HeldOut heldOut = new HeldOutReader(
                        tokenizer, Pictures.with(data.pictures()), imageSize, data.maxTokens(), data.beginToken(), note)
                .read(HeldOutData.of(config), samples, config.getLong("flm.evaluate.seed"));
        TrainSettings train = TrainSettings.from(config);
        Corruption corruption = train.objective().corruption(new TextLayout(tokenizer.vocabulary(), data.beginToken()));
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
                List<Sample> rows = batch.stream().map(Example::sample).toList();
                batches.add(new Rows(corruption.plan(rows, random), HeldOut.pixels(batch)));
            }
            byLane.add(batches);
        }
        return new HeldOutValidation(every, train.objective().heads().size(), byLane);
    }

    @Override
    public boolean isDue(long steps) {
        return steps > 0 && steps % every == 0;
    }

    @Override
    public Loss of(FlmModel model, int lane) {
        Loss loss = Loss.none(heads);
        for (Rows rows : byLane.get(lane)) {
            try (NDManager scope = model.newScope()) {
                NDArray features = model.imageFeatures(
                        scope, rows.pixels, rows.text.pictures().count());
                loss = loss.plus(model.loss(rows.text, features));
            }
        }
        return loss;
    }
}
