package io.flm.worker.evaluate;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.checkpoint.CheckpointStore;
import io.flm.worker.objective.Objective;
import io.flm.worker.task.Task;
import io.flm.worker.train.Objectives;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The model whose likelihood finds the candidates of a search: {@code flm.task.first-stage}. A model that was fine-tuned to rank texts
 * predicts no tokens any more, so the likelihood is another model's: of any that has an l2r stream and its token head. It reads
 * pictures and texts in its own way, so sizes and tokenizers may differ.
 */
public final class FirstStage {
    private static final String KEY = "flm.task.first-stage";

    private FirstStage() {}

    /**
     * The checkpoint that the settings name, which was looked at; empty if they name none.
     *
     * @param note is told of newer checkpoints that cannot be used, a line each
     * @throws UserException where the task makes no search, or the model has no likelihood
     */
    public static Optional<Checkpoint> of(Config config, Consumer<String> note) {
        String path = config.getString(KEY);
        if (path.isEmpty()) {
            return Optional.empty();
        }
        if (Tasks.of(config).filter(Task::takesFirstStage).isEmpty()) {
            throw new UserException(KEY + " = " + path + ": a first stage finds candidates for retrieval, not for "
                    + config.getString("flm.task.name") + "; leave it out");
        }
        Checkpoint checkpoint = CheckpointStore.find(Path.of(path), note);
        String where = checkpoint.folder().toString();
        Objective objective = TrainSettings.from(
                        checkpoint.identity().config(where).withFallback(ConfigFactory.defaultReference()))
                .objective();
        if (!objective.hasLeftToRightStream() || objective.parts().tokenHead() == null) {
            throw new UserException(where + ": "
                    + (objective.parts().tokenHead() == null
                            ? "was fine-tuned on " + objective.key() + " and predicts no tokens any more"
                            : "a model of objective " + objective.key() + " has no l2r stream")
                    + ", so it cannot say how likely a text is; give as first stage a model of one of "
                    + Objectives.withLeftToRightStream(config.getConfig("flm.train"))
                    + ", or one that writes captions");
        }
        return Optional.of(checkpoint);
    }

    /**
     * What a first stage takes from the settings of the model that it serves: where it runs, how much is evaluated, and where the
     * tokenizer is, if it is the same.
     */
    static Config overrides(Config served, String tokenizerSha256, Checkpoint first) {
        Config overrides = served.withOnlyPath("flm.worker").withFallback(served.withOnlyPath("flm.evaluate"));
        return tokenizerSha256.equals(first.identity().contents().get("tokenizer"))
                ? overrides.withFallback(served.withOnlyPath("flm.data.tokenizer"))
                : overrides;
    }
}
