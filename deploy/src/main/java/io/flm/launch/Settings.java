package io.flm.launch;

import com.typesafe.config.Config;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.HttpSettings;
import io.flm.data.UserException;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.train.TrainSettings;

/** What must hold before a run folder is made: each area's own checks, and those between areas. */
final class Settings {
    private Settings() {}

    /** Of a node that is to be started. */
    static void checkNode(Config config) {
        HttpSettings.from(config);
        CoordinatorSettings.from(config);
        NodeSettings.from(config);
        Node.exchangeSettings(config);
        int workers = config.getInt("flm.worker.workers");
        if (workers < 0) {
            throw new UserException("flm.worker.workers = " + workers + ": give at least 1, or 0 for as many as fit");
        }
        requireThreads(config);
    }

    /** Of a run, wherever it is to be trained. */
    static void checkRun(Config config) {
        TrainSettings train = TrainSettings.from(config);
        int workers = config.getInt("flm.worker.workers");
        if (workers > train.lanes()) {
            throw new UserException("flm.worker.workers = " + workers + ", but flm.train.lanes = " + train.lanes()
                    + ": a worker needs a lane of its own; give fewer --workers or more lanes");
        }
        requireThreads(config);
        Node.exchangeSettings(config);
        checkData(config);
    }

    /** Also asked by what only looks at data. */
    static void checkData(Config config) {
        if (config.getStringList("flm.data.paths").isEmpty()) {
            throw new UserException("flm.data.paths is empty: give training data with --data");
        }
        if (config.getString("flm.data.tokenizer").isEmpty()) {
            throw new UserException(
                    "flm.data.tokenizer is empty: give the tokenizer.json of your data with --tokenizer");
        }
        if (config.getLong("flm.evaluate.every") > 0 && !HeldOutData.exists(config)) {
            throw new UserException(
                    "flm.evaluate.every = " + config.getLong("flm.evaluate.every") + ", but there are no"
                            + " held-out data: give them with --eval-data, or hold out a share of your own with --hold-out 1%");
        }
    }

    private static void requireThreads(Config config) {
        int threads = config.getInt("flm.worker.threads");
        if (threads < 1) {
            throw new UserException("flm.worker.threads = " + threads + ": give at least 1");
        }
    }
}
