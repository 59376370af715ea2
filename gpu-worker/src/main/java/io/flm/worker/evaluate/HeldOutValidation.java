package io.flm.worker.evaluate;

import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.DataSettings;
import io.flm.data.Pictures;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.RemoteSettings;
import io.flm.data.Sample;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.worker.ShownSamples;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.Loss;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.RunData;
import io.flm.worker.train.ScoredData;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.train.Validation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Loss and accuracy on held-out samples while a run trains: the heads of the objective, corrupted as in training, always the
 * same samples with the same spans or masks, without augmentation and dropout. Sample k is lane k mod lanes's, so the figures do
 * not depend on who runs which lane.
 */
public final class HeldOutValidation implements Validation {
    private final long every;
    private final int heads;
    private final List<List<HeldOutBatch>> byLane;
    private final @Nullable HeldOutShown shown;

    private HeldOutValidation(long every, int heads, List<List<HeldOutBatch>> byLane, @Nullable HeldOutShown shown) {
        this.every = every;
        this.heads = heads;
        this.byLane = byLane;
        this.shown = shown;
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
        long seed = config.getLong("flm.evaluate.seed");
        DataSettings data = DataSettings.from(config);
        HeldOutReader reader = new HeldOutReader(
                tokenizer, Pictures.with(data.pictures()), imageSize, data.maxTokens(), data.beginToken(), note);
        TrainSettings train = TrainSettings.from(config);
        Optional<Task> task = Tasks.of(config);
        List<Example> examples = task.isPresent()
                ? List.of()
                : reader.read(HeldOutData.of(config), samples, seed, count -> {})
                        .examples();
        List<Sample> all = task.map(t -> ofTask(t, train.objective(), config, reader, samples, seed))
                .orElseGet(() -> HeldOut.samples(examples));
        TextLayout layout = new TextLayout(tokenizer.vocabulary(), data.beginToken());
        Corruption corruption = train.objective().corruption(layout);
        List<List<HeldOutBatch>> byLane = new ArrayList<>();
        for (int lane = 0; lane < train.lanes(); lane++) {
            List<Sample> own = new ArrayList<>();
            for (int k = lane; k < all.size(); k += train.lanes()) {
                own.add(all.get(k));
            }
            RandomStream random = RandomStream.of(seed, Purpose.CORRUPT, lane);
            byLane.add(HeldOutBatch.of(own, train.microBatch(), corruption, random));
        }
        int count = Math.min(config.getInt("flm.evaluate.every-shown"), examples.size());
        HeldOutShown shown = count == 0
                ? null
                : new HeldOutShown(
                        examples.subList(0, count),
                        train.microBatch(),
                        train.objective(),
                        tokenizer,
                        layout,
                        corruption,
                        RandomStream.of(seed, Purpose.CORRUPT, train.lanes())); // after those of the lanes
        return new HeldOutValidation(every, train.objective().heads().size(), byLane, shown);
    }

    /** What the task is scored on, as training reads it: each example with its label, or beside texts of others. */
    private static List<Sample> ofTask(
            Task task, Objective objective, Config config, HeldOutReader reader, int limit, long seed) {
        List<Path> annotations = RunData.paths(config, "flm.task.val");
        List<Path> pictures = RunData.paths(config, "flm.data.eval-paths");
        try (ScoredData data =
                ScoredData.open(task, annotations, pictures, RemoteSettings.from(config), reader.refused())) {
            List<Sample> samples = task.asTrained(reader.read(data.scored().examples(), data.pictures(), limit, seed));
            boolean labelled = samples.stream().anyMatch(sample -> sample.labels().length > 0);
            if (!labelled && objective.heads().stream().noneMatch(head -> head.predicts() == Predicts.TOKEN)) {
                throw new UserException((annotations.isEmpty() ? pictures : annotations)
                        + ": has no labels, so flm.evaluate.every has nothing to compare with; give other files with"
                        + " --val, or set it to 0");
            }
            return samples;
        }
    }

    @Override
    public boolean isDue(long steps) {
        return steps > 0 && steps % every == 0;
    }

    @Override
    public Loss of(FlmModel model, int lane) {
        Loss loss = Loss.none(heads);
        for (HeldOutBatch batch : byLane.get(lane)) {
            try (NDManager scope = model.newScope()) {
                loss = loss.plus(model.loss(batch.text(), batch.features(model, scope)));
            }
        }
        return loss;
    }

    @Override
    public @Nullable ShownSamples shown(FlmModel model, long steps) {
        return shown == null ? null : shown.of(model, steps);
    }
}
