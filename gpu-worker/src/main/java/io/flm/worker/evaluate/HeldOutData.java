package io.flm.worker.evaluate;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.Split;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.List;

/**
 * Where held-out samples come from: data of their own, or a share of the training data that is never trained on.
 *
 * @param data where they are, and what their pictures are
 * @param split which of their samples
 */
public record HeldOutData(DataSettings data, Split split) {
    /** Samples are compared with each other, so one alone cannot be evaluated on. */
    public static final int LEAST = 2;

    /** There are fewer usable samples than an evaluation needs. */
    public static final class TooFew extends UserException {
        private static final long serialVersionUID = 1L;

        TooFew(String message) {
            super(message);
        }
    }

    /** All samples of data that are given for it. */
    static HeldOutData of(List<Path> paths, Config config) {
        return new HeldOutData(DataSettings.from(config).withPaths(paths), Split.SCORED);
    }

    /** {@code flm.data.eval-paths}, or where these are empty the share {@code flm.data.hold-out} of what is trained on. */
    public static HeldOutData of(Config config) {
        if (!exists(config)) {
            throw new UserException(
                    "no held-out data: give them with --eval-data (flm.data.eval-paths), or let training"
                            + " hold out a share of its own with --hold-out (flm.data.hold-out)");
        }
        List<Path> own = paths(config, "flm.data.eval-paths");
        return own.isEmpty()
                ? new HeldOutData(DataSettings.from(config), Split.heldOut(config.getDouble("flm.data.hold-out")))
                : of(own, config);
    }

    /** The files and folders. */
    public List<Path> paths() {
        return data.paths();
    }

    /** Whether the configuration names any. */
    public static boolean exists(Config config) {
        return !config.getStringList("flm.data.eval-paths").isEmpty() || config.getDouble("flm.data.hold-out") > 0;
    }

    private static List<Path> paths(Config config, String key) {
        return config.getStringList(key).stream().map(Path::of).toList();
    }
}
