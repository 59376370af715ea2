package io.flm.launch.export;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.Streams;
import io.flm.data.TextForm;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.config.Keys;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.ServedModel.Part;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A checkpoint that is exported, and what its settings say of it.
 *
 * @param config the settings that it was trained with
 * @param task what it was fine-tuned on; empty if it was pretrained only
 */
record ExportSource(
        Checkpoint checkpoint, Config config, ModelSettings settings, Objective objective, Optional<Task> task) {
    /**
     * Finds it, and looks at every value of its weights.
     *
     * @param overrides settings that differ, such as where the tokenizer is
     * @throws io.flm.data.UserException where there is no checkpoint, or it is damaged or not of the model that its settings say
     */
    static ExportSource open(Path runOrCheckpoint, Config overrides, Consumer<String> note) {
        Checkpoint checkpoint = CheckpointStore.find(runOrCheckpoint, note);
        String where = checkpoint.folder().toString();
        Config config = Keys.known()
                .check(
                        overrides
                                .withFallback(checkpoint.identity().config(where))
                                .withFallback(ConfigFactory.defaultReference())
                                .resolve(),
                        where);
        ModelSettings settings = ModelSettings.from(config);
        Objective objective = TrainSettings.from(config).objective();
        ExportSource source = new ExportSource(checkpoint, config, settings, objective, Tasks.of(config));
        checkpoint.requireWeights(source.layout());
        return source;
    }

    private List<TensorRange> layout() {
        List<TensorRange> layout = new ArrayList<>();
        long offset = 0;
        for (Map.Entry<String, long[]> tensor :
                settings.tensors(objective.parts()).entrySet()) {
            TensorRange range = new TensorRange(tensor.getKey(), offset, tensor.getValue());
            layout.add(range);
            offset += range.count();
        }
        return layout;
    }

    long parameterCount() {
        return settings.parameterCount(objective.parts());
    }

    boolean beginToken() {
        return config.getBoolean("flm.data.begin-token");
    }

    int maxTokens() {
        return config.getInt("flm.data.max-tokens");
    }

    Path tokenizerFile() {
        return Path.of(config.getString("flm.data.tokenizer"));
    }

    /**
     * The tokenizer.
     *
     * @throws io.flm.data.UserException where it is not there, or another one than that of the training
     */
    Tokenizer openTokenizer() {
        Tokenizer tokenizer = Tokenizer.load(tokenizerFile());
        try {
            checkpoint.requireTokenizer(tokenizer.sha256(), tokenizerFile().toString());
            return tokenizer;
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** Those of archives: where they read texts, they count tokens as the tokenizer's kind says, so this reads that. */
    ModelSettings servedSettings() {
        if (!served().contains(Part.TEXT_SCORER)) {
            return settings;
        }
        try (Tokenizer tokenizer = openTokenizer()) {
            return settings.counting(tokenizer.vocabulary().positions());
        }
    }

    /** How the model's texts become rows. */
    TextForm textForm() {
        return task.map(Task::textForm).orElse(TextForm.CAPTION);
    }

    /** Which streams read a whole text. */
    Streams streams(Tokenizer tokenizer) {
        TextLayout layout = new TextLayout(tokenizer.vocabulary(), beginToken());
        int[] text = {tokenizer.startId(), tokenizer.maskId(), tokenizer.endId()};
        return objective.whole(List.<int[]>of(text), layout).streams();
    }

    /** The archives that can be made of it. */
    List<Part> served() {
        return writesCaptions() && objective.parts().tokenHead() != null
                ? List.of(Part.values())
                : List.of(Part.IMAGE_ENCODER);
    }

    boolean writesCaptions() {
        return objective.hasLeftToRightStream();
    }
}
