package io.flm.launch.config;

import com.typesafe.config.Config;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.http.HttpSettings;
import io.flm.data.DataSettings;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.CheckpointSettings;
import io.flm.worker.checkpoint.RunIdentity;
import io.flm.worker.evaluate.EvaluationSettings;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.task.Task;
import io.flm.worker.torch.WorkerSettings;
import io.flm.worker.train.RunData;
import io.flm.worker.train.Tasks;
import io.flm.worker.train.TrainSettings;
import io.flm.worker.weights.WeightSource;
import java.util.Optional;

/** What must hold before a run folder is made: each area's own checks, and those between areas. */
public final class Settings {
    private Settings() {}

    /** Of a node that is to be started. */
    public static void checkNode(Config config) {
        HttpSettings.from(config);
        CoordinatorSettings.from(config);
        NodeSettings.from(config);
        NodeSettings.exchange(config);
    }

    /** Of a configuration that need not name data yet. */
    public static void check(Config config) {
        checkNode(config);
        checkSettings(config);
    }

    /** Of a run, wherever it is to be trained. */
    public static void checkRun(Config config) {
        checkSettings(config);
        checkData(config);
    }

    /** Also asked by what only looks at data. */
    public static void checkData(Config config) {
        if (SourceSettings.paths(config).isEmpty()) {
            throw new UserException("flm.data.paths is empty: give training data with --data");
        }
        if (!SourceSettings.names(config).isEmpty() && Tasks.of(config).isPresent()) {
            throw new UserException(SourceSettings.GROUP
                    + ": sources are mixed in pretraining alone; give what a task is" + " trained on with --train");
        }
        if (config.getString("flm.data.tokenizer").isEmpty()) {
            throw new UserException(
                    "flm.data.tokenizer is empty: give the tokenizer.json of your data with --tokenizer");
        }
        Optional<Task> task = Tasks.of(config);
        if (task.isPresent() && config.getDouble("flm.data.hold-out") > 0) {
            throw new UserException(
                    "flm.data.hold-out = " + config.getDouble("flm.data.hold-out")
                            + ": of a task's examples none are held out; set it to 0, and give what it is scored on with --val");
        }
        if (config.getLong("flm.evaluate.every") > 0
                && task.filter(t -> !RunData.isScored(t, config)).isPresent()) {
            throw new UserException("flm.evaluate.every = " + config.getLong("flm.evaluate.every")
                    + ", but there is nothing to score on: give it with --val");
        }
        if (config.getLong("flm.evaluate.every") > 0 && !HeldOutData.exists(config)) {
            throw new UserException(
                    "flm.evaluate.every = " + config.getLong("flm.evaluate.every") + ", but there are no"
                            + " held-out data: give them with --eval-data, or hold out a share of your own with --hold-out 1%");
        }
    }

    private static void checkSettings(Config config) {
        TrainSettings train = TrainSettings.from(config);
        ModelSettings model = ModelSettings.from(config);
        DataSettings data = DataSettings.from(config);
        CheckpointSettings.from(config);
        EvaluationSettings.from(config);
        if (!WeightSource.from(config).isEmpty()
                && !config.getString("flm.checkpoint.from").isEmpty()) {
            throw new UserException(
                    "flm.checkpoint.from and flm.model.init both say what the run begins with; give one");
        }
        if (data.maxTokens()
                > model.maxPositions()) { // some tokenizers' models need more: they say so where one is open
            throw new UserException("flm.data.max-tokens = " + data.maxTokens() + ", but flm.model.max-positions = "
                    + model.maxPositions() + " has room for no more than that; lower the one or raise the other");
        }
        if (config.getBoolean("flm.train.matching")
                && train.microBatch() < 2
                && Tasks.of(config).isEmpty()) {
            throw new UserException(
                    "flm.train.matching is on, but flm.train.micro-batch = 1: a text meets no picture of"
                            + " another sample; set it to 2 or more, or matching off");
        }
        for (String what : config.getStringList("flm.checkpoint.accept")) {
            if (!what.equals(RunIdentity.DATA)) {
                Configuration.knownKeys().find(what);
            }
        }
        int workers = WorkerSettings.from(config).workers();
        if (workers > train.lanes()) {
            throw new UserException("flm.worker.workers = " + workers + ", but flm.train.lanes = " + train.lanes()
                    + ": a worker needs a lane of its own; give fewer --workers or more lanes");
        }
        NodeSettings.exchange(config);
    }
}
